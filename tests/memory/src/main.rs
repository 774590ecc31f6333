//! A process that uses the libraries and looks for what that has left in its own memory.
//!
//! `subject CASE WAY`, started by the tests, which tell it on standard input what to lend and what to look
//! for (`given.rs`). It prints what it found, and how the case ended. No secret is in the program, and those
//! that it is told come masked and stay so, but for what it lends as a caller does.

#[cfg(target_os = "linux")]
mod given;
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
    panic!("a process looks at its own memory on Linux alone");
}

#[cfg(target_os = "linux")]
fn main() {
    use crate::given::Given;
    use crate::scan::Scanner;
    use crate::stage::Stage;

    let mut arguments = std::env::args().skip(1);
    let (case, way) = (arguments.next().expect("a case"), arguments.next().expect("a way"));
    let (given, sought) = Given::read();
    let (stage, mut scanner) = (Stage::default(), Scanner::new(sought));
    let ended = std::thread::scope(|scope| {
        let call = scope.spawn(|| match case.split_once(':') {
            None => nal::run(&case, &way, &given, &stage),
            Some(("process", source)) => process::run(source, &way, &given, &stage),
            Some(("signing", what)) => signing::run(what, &given, &stage),
            Some((_, place)) => plant::run(place, &given, &stage),
        });
        while !call.is_finished() {
            stage.serve(&mut scanner);
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        call.join().expect("a case that ends")
    });
    println!("looked at {} bytes", scanner.scanned());
    println!("ended {ended}");
}
