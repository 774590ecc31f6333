//! A process that uses the libraries and then scans its own memory for secrets left behind.
//!
//! The tests run it as `subject CASE MODE`, and write what to lend and what to search for to its standard
//! input (`input.rs`). It prints its findings and the result of the case. The program contains no secrets,
//! and those in its input are masked; only the ones that a caller lends are unmasked.

#[cfg(target_os = "linux")]
mod input;
#[cfg(target_os = "linux")]
mod nal;
#[cfg(target_os = "linux")]
mod plant;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod scan;
#[cfg(target_os = "linux")]
mod signing;
#[cfg(target_os = "linux")]
mod stage;

#[cfg(not(target_os = "linux"))]
fn main() {
    panic!("a process can only scan its own memory on Linux");
}

#[cfg(target_os = "linux")]
fn main() {
    use crate::input::Input;
    use crate::scan::Scanner;
    use crate::stage::Stage;

    let mut arguments = std::env::args().skip(1);
    let (case, mode) = (arguments.next().expect("a case"), arguments.next().expect("a mode"));
    let (input, patterns) = Input::read();
    let (stage, mut scanner) = (Stage::default(), Scanner::new(patterns));
    let ended = std::thread::scope(|scope| {
        let call = scope.spawn(|| match case.split_once(':') {
            None => nal::run(&case, &mode, &input, &stage),
            Some(("process", source)) => process::run(source, &mode, &input, &stage),
            Some(("signing", what)) => signing::run(what, &input, &stage),
            Some((_, place)) => plant::run(place, &input, &stage),
        });
        while !call.is_finished() {
            stage.serve(&mut scanner);
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        call.join().expect("no panic in the case")
    });
    println!("scanned {} bytes", scanner.scanned());
    println!("ended {ended}");
}
