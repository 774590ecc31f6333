//! (b) with the driver of rolecall-nal: instance credentials with refresh.

#![no_std]
#![no_main]

sizes::instance_image!(sizes::image::driver(), |driver, flow, memory| driver.run(flow, memory));
