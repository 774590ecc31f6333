//! Signals as events of the loop.

use std::io;

use mio::{Registry, Token};

/// Signals that have arrived. Elsewhere than on Unix there are none: the system ends the process.
pub(crate) struct Signals {
    #[cfg(unix)]
    unix: unix::Caught,
}

impl Signals {
    /// Whether the end of a command is one.
    pub(super) const TELL_OF_CHILDREN: bool = cfg!(unix);

    /// Catches what ends a process from here on, and with `has_command` what it has to know about one.
    pub(crate) fn new(has_command: bool) -> io::Result<Self> {
        #[cfg(not(unix))]
        let _ = has_command;
        Ok(Self {
            #[cfg(unix)]
            unix: unix::Caught::new(has_command)?,
        })
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        #[cfg(unix)]
        return self.unix.register(registry, token);
        #[cfg(not(unix))]
        {
            let _ = (registry, token);
            Ok(())
        }
    }

    /// Takes what woke the loop.
    pub(super) fn drain(&mut self) {
        #[cfg(unix)]
        self.unix.drain();
    }

    /// Calls `act` for each that has arrived and is about the process itself.
    pub(super) fn each(&mut self, act: impl FnMut(i32)) {
        #[cfg(unix)]
        self.unix.each(act);
        #[cfg(not(unix))]
        let _ = act;
    }
}

#[cfg(unix)]
mod unix {
    use std::io::{self, Read};
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use mio::{Interest, Registry, Token};
    use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

    pub(super) struct Caught {
        /// Each signal writes a byte to the other end, which wakes the loop.
        pipe: mio::net::UnixStream,
        flags: Vec<(i32, Arc<AtomicBool>)>,
    }

    impl Caught {
        pub(super) fn new(has_command: bool) -> io::Result<Self> {
            let (pipe, other) = UnixStream::pair()?;
            pipe.set_nonblocking(true)?;
            let mut flags = Vec::new();
            // What a shell ignores for a process in the background, or nohup, stays ignored.
            let ignored = ignored();
            for signal in [SIGTERM, SIGINT, SIGHUP].into_iter().chain(has_command.then_some(SIGQUIT)) {
                if signal != SIGTERM && ignored >> (signal - 1) & 1 == 1 {
                    continue;
                }
                let flag = Arc::new(AtomicBool::new(false));
                signal_hook::flag::register(signal, flag.clone())?;
                signal_hook::low_level::pipe::register(signal, other.try_clone()?)?;
                flags.push((signal, flag));
            }
            if has_command {
                signal_hook::low_level::pipe::register(SIGCHLD, other)?;
            }
            Ok(Self { pipe: mio::net::UnixStream::from_std(pipe), flags })
        }

        pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
            registry.register(&mut self.pipe, token, Interest::READABLE)
        }

        pub(super) fn drain(&mut self) {
            let mut bytes = [0; 64];
            while self.pipe.read(&mut bytes).is_ok_and(|count| count > 0) {}
        }

        pub(super) fn each(&mut self, mut act: impl FnMut(i32)) {
            for (signal, flag) in &self.flags {
                if flag.swap(false, Ordering::Relaxed) {
                    act(*signal);
                }
            }
        }
    }

    /// The signals that this process was started to ignore, by bit; none where the system does not say.
    fn ignored() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
    }
}
