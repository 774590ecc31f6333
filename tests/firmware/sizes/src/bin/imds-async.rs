//! (b) with the async driver of rolecall-nal: instance credentials with refresh.

#![no_std]
#![no_main]

use sizes::image::{async_driver, block_on};

sizes::instance_image!(async_driver(), |driver, flow, memory| block_on(driver.run_async(flow, memory)));
