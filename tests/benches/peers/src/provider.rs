//! The same requests through a provider, which resolves the credentials, caches the signing keys and
//! returns owned strings.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rolecall::{Environment, Provider, Request, Settings};

use benches::Operation;
use benches::operation::{KEY_ID, SECRET};

/// A provider with the credentials of an operation, and its request.
#[derive(Debug)]
pub(crate) struct Through {
    provider: Provider,
    request: Request,
    lifetime: Option<u32>,
}

impl Through {
    /// Creates a provider and a request for `operation`.
    pub(crate) fn new(operation: &Operation) -> Self {
        let mut variables = vec![("AWS_ACCESS_KEY_ID", KEY_ID), ("AWS_SECRET_ACCESS_KEY", SECRET)];
        if let Some(token) = &operation.token {
            variables.push(("AWS_SESSION_TOKEN", token));
        }
        let settings = Settings::from_environment(&Environment::from_iter(variables)).expect("settings");
        let mut request =
            Request::new(operation.method, &operation.url()).expect("a request").body(operation.body);
        for (name, value) in operation.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("host")) {
            request = request.header(name, value).expect("a header");
        }
        let lifetime = operation.lifetime;
        Self { provider: Provider::new(settings), request, lifetime }
    }

    /// Signs or presigns, and returns the number of headers or the length of the URL.
    pub(crate) fn sign(&self) -> usize {
        match self.lifetime {
            None => self.provider.sign(&self.request).expect("a signature").headers().count(),
            Some(lifetime) => {
                self.provider.presign(&self.request, lifetime).expect("a presigned URL").url().len()
            }
        }
    }

    /// Gets cached credentials.
    pub(crate) fn credentials(&self) {
        black_box(self.provider.credentials().expect("credentials"));
    }

    /// Measures how often `threads` together get credentials, per second.
    pub(crate) fn throughput(&self, threads: usize) -> f64 {
        const PERIOD: Duration = Duration::from_millis(150);
        let counts: Vec<u64> = std::thread::scope(|scope| {
            let start = Instant::now();
            let count = move || {
                let mut count = 0;
                while start.elapsed() < PERIOD {
                    for _ in 0..100 {
                        self.credentials();
                    }
                    count += 100;
                }
                count
            };
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(count)).collect();
            running.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        counts.iter().sum::<u64>() as f64 / PERIOD.as_secs_f64()
    }
}
