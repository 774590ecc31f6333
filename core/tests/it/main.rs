//! Tests of the core by its public functions, flows driven against simulated peers.
//!
//! One program: linking one per file would take longer than running them.

#[cfg(feature = "sources")]
#[macro_use]
mod common;
mod generator;

#[cfg(feature = "sources")]
mod calls;
#[cfg(feature = "sigv4")]
mod chunked;
#[cfg(feature = "sources")]
mod examples;
#[cfg(feature = "sources")]
mod flow_shape;
#[cfg(feature = "sources")]
mod flows_cognito;
#[cfg(feature = "sources")]
mod flows_cognito_factors;
#[cfg(feature = "sources")]
mod flows_container;
#[cfg(feature = "sources")]
mod flows_failed_slots;
#[cfg(feature = "sources")]
mod flows_first_boot;
#[cfg(feature = "sources")]
mod flows_host;
#[cfg(feature = "sources")]
mod flows_imds;
#[cfg(feature = "sources")]
mod flows_iot;
#[cfg(feature = "sources")]
mod flows_login;
#[cfg(feature = "sources")]
mod flows_refresh;
#[cfg(feature = "sources")]
mod flows_roles_anywhere;
#[cfg(feature = "sources")]
mod flows_s3_session;
#[cfg(feature = "sources")]
mod flows_send;
#[cfg(feature = "sources")]
mod flows_strict;
#[cfg(feature = "sources")]
mod flows_sts;
#[cfg(feature = "sources")]
mod flows_sts_family;
mod operation_sizes;
#[cfg(feature = "sources")]
mod refresh_fleet;
#[cfg(feature = "sigv4")]
mod sign_keys;
#[cfg(feature = "sigv4")]
mod sigv4_mqtt;
#[cfg(feature = "sigv4")]
mod sigv4_parts;
#[cfg(feature = "sources")]
mod threads;
#[cfg(feature = "sigv4")]
mod verify;
#[cfg(feature = "sources")]
mod wire_base64;
mod wire_http;
mod wire_ini;
mod wire_json;
mod wire_pem;
mod wire_percent;
mod wire_time;
mod wire_uri;
mod wire_x509;
mod wire_xml;
