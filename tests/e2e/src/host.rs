//! Hosts that are the operating system but for a method or two.

/// Writes these methods of `rolecall::Host` as calls of the same methods of a field `system`.
#[macro_export]
macro_rules! as_the_system {
    ($($method:ident),* $(,)?) => { $($crate::as_the_system!(@$method);)* };
    (@exchange) => {
        fn exchange(
            &self,
            exchange: &rolecall::core::flow::Exchange<'_>,
            buffer: &mut rolecall::Buffer,
            streams: &mut rolecall::Streams<'_>,
        ) -> rolecall::core::flow::Answer<'static> {
            self.system.exchange(exchange, buffer, streams)
        }
    };
    (@read_file) => {
        fn read_file(
            &self,
            path: &str,
            buffer: &mut rolecall::Buffer,
        ) -> Result<(), rolecall::core::error::Failure> {
            self.system.read_file(path, buffer)
        }
    };
    (@run) => {
        fn run(
            &self,
            command: &str,
            variables: &[(&str, &str)],
            buffer: &mut rolecall::Buffer,
        ) -> Result<(), rolecall::core::error::Failure> {
            self.system.run(command, variables, buffer)
        }
    };
    (@resolve) => {
        fn resolve(&self, host: &str) -> Result<Vec<std::net::IpAddr>, rolecall::core::error::Failure> {
            self.system.resolve(host)
        }
    };
    (@prompt) => {
        fn prompt(
            &self,
            question: &str,
            hidden: bool,
            buffer: &mut rolecall::Buffer,
        ) -> Result<(), rolecall::core::error::Failure> {
            self.system.prompt(question, hidden, buffer)
        }
    };
    (@random) => {
        fn random(&self, bytes: &mut [u8]) -> Result<(), rolecall::core::error::Failure> {
            self.system.random(bytes)
        }
    };
    (@now) => {
        fn now(&self) -> rolecall::core::skew::Now {
            self.system.now()
        }
    };
    (@sleep_until) => {
        fn sleep_until(&self, instant: rolecall::core::skew::Instant) {
            self.system.sleep_until(instant);
        }
    };
    (@entropy) => {
        fn entropy(&self) -> u32 {
            self.system.entropy()
        }
    };
}
