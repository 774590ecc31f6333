//! (c) with the driver of rolecall-nal: instance credentials, AssumeRole, refresh, and signing.

#![no_std]
#![no_main]

sizes::chain_image!(sizes::image::driver(), |driver, flow, memory| driver.run(flow, memory));
