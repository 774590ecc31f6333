//! What a client of the simulator sees, over sockets.

mod botocore;
mod client;
mod hosts;
mod lifecycle;
mod s3;
mod sts;
