//! Tests of the simulator through its sockets.

mod botocore;
mod client;
mod hosts;
mod lifecycle;
mod s3;
mod sts;
