//! The command and its library against real servers and hostile peers.
//!
//! One program: linking one per file would take longer than running them.

mod bad_input;
mod cache;
mod clock;
mod cognito;
mod command;
mod command_line;
#[cfg(unix)]
mod configuration;
mod demo;
#[cfg(unix)]
mod device_anywhere;
#[cfg(unix)]
mod device_iot;
#[cfg(unix)]
mod device_keys;
#[cfg(unix)]
mod device_pkcs11;
#[cfg(unix)]
mod exec;
mod explain;
mod faults;
#[cfg(target_os = "linux")]
mod first_boot;
#[cfg(unix)]
mod formats;
#[cfg(unix)]
mod generate;
#[cfg(unix)]
mod inputs;
#[cfg(unix)]
mod login;
mod named_profile;
#[cfg(unix)]
mod not_utf8;
mod option_values;
mod peer_text;
mod presign;
#[cfg(target_os = "linux")]
mod process;
#[cfg(unix)]
mod process_loop;
mod profiles_command;
#[cfg(unix)]
mod prompts;
mod readme;
mod regions;
mod s3_session;
mod second_factors;
mod secrets;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod serve_awscli;
#[cfg(unix)]
mod serve_boto;
#[cfg(unix)]
mod serve_commands;
#[cfg(target_os = "linux")]
mod serve_load;
#[cfg(unix)]
mod serve_node;
mod setup;
mod setup_again;
mod setup_by_hand;
mod setup_checks;
mod setup_cognito;
mod setup_cross_account;
mod setup_refused;
mod sign_in;
mod signatures;
#[cfg(unix)]
mod special_files;
#[cfg(unix)]
mod sso;
#[cfg(unix)]
mod sso_login;
mod streaming;
mod sts;
mod sts_command;
mod token;
#[cfg(unix)]
mod transfer;
#[cfg(target_os = "linux")]
mod upload;
mod verify_botocore;
mod verify_command;
