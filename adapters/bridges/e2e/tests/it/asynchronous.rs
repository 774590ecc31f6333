//! Where fetches run, and what becomes of the tasks that wait for them.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rolecall_aws::{AsyncProvider, Error, Job};
use rolecall_simulator::{Config, Service, Simulator};

use crate::{provider, run, without_sources};

const DOCUMENT: &str = r#"{"AccessKeyId":"ASIASLOWENDPOINT","SecretAccessKey":"secret","Token":"token",
    "Expiration":"2099-01-01T00:00:00Z"}"#;

/// A container endpoint that answers one request, after it is asked to.
fn slow() -> (AsyncProvider, Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let (release, released) = channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let _ = stream.read(&mut [0; 4096]);
        if released.recv().is_ok() {
            let length = DOCUMENT.len();
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{DOCUMENT}");
        }
    });
    (provider([("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)]), release)
}

/// On a runtime of one thread, the endpoint answers only if this task goes on while the other waits for it.
#[test]
fn other_tasks_go_on_while_credentials_are_fetched() {
    let (provider, release) = slow();
    let fetched = run(async {
        let waiting = tokio::task::spawn({
            let provider = provider.clone();
            async move { provider.credentials().await }
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        release.send(()).expect("the endpoint waits");
        waiting.await.expect("no panic")
    });
    assert_eq!(fetched.expect("credentials").access_key_id(), "ASIASLOWENDPOINT");
}

#[test]
fn a_task_that_stops_waiting_leaves_the_fetch_and_its_room_to_others() {
    let (provider, release) = slow();
    let fetched = run(async {
        for _ in 0..12 {
            let limit = Duration::from_millis(20);
            assert!(
                tokio::time::timeout(limit, provider.credentials()).await.is_err(),
                "it has no answer yet"
            );
        }
        release.send(()).expect("the endpoint waits");
        provider.credentials().await
    });
    assert_eq!(fetched.expect("credentials").access_key_id(), "ASIASLOWENDPOINT");
}

#[test]
fn credentials_are_fetched_without_a_runtime_too() {
    let simulator = Simulator::start(Config::default()).expect("ports on loopback");
    let fetched = futures_executor::block_on(provider(simulator.environment()).credentials());
    assert!(fetched.expect("credentials").access_key_id().starts_with("ASIA"));
}

#[test]
fn any_number_of_tasks_takes_one_fetch_and_four_threads() {
    let simulator = Simulator::start(Config::default()).expect("ports on loopback");
    let blocking = provider(simulator.environment()).provider().clone();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let executor = {
        let most = most.clone();
        move |job: Job| {
            let (now, most) = (now.clone(), most.clone());
            thread::spawn(move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                job();
                now.fetch_sub(1, Ordering::SeqCst);
            });
        }
    };
    let provider = AsyncProvider::with_executor(blocking, executor);
    run(async {
        let tasks = (0..200).map(|_| {
            let provider = provider.clone();
            tokio::task::spawn(async move {
                provider.credentials().await.map(|found| found.access_key_id().to_owned())
            })
        });
        let tasks: Vec<_> = tasks.collect();
        let mut found = Vec::new();
        for task in tasks {
            found.push(task.await.expect("no panic").expect("credentials"));
        }
        found.dedup();
        assert_eq!(found.len(), 1, "{found:?}");
    });
    let fetches = simulator.events().into_iter().filter(|event| event.service == Service::Imds);
    assert_eq!(fetches.filter(|event| event.operation == "GetToken").count(), 1);
    // A thread may be counted for a moment after its room was given to the next.
    let most = most.load(Ordering::SeqCst);
    assert!((1..=8).contains(&most), "{most}");
}

#[test]
fn the_callers_executor_runs_each_fetch() {
    let jobs = Arc::new(Mutex::new(Vec::<Job>::new()));
    let kept = jobs.clone();
    let simulator = Simulator::start(Config::default()).expect("ports on loopback");
    let blocking = provider(simulator.environment()).provider().clone();
    let provider =
        AsyncProvider::with_executor(blocking, move |job| kept.lock().expect("no panic").push(job));
    let waiting = thread::spawn(move || futures_executor::block_on(provider.credentials()));
    let job = loop {
        if let Some(job) = jobs.lock().expect("no panic").pop() {
            break job;
        }
        thread::sleep(Duration::from_millis(1));
    };
    assert!(!waiting.is_finished() && simulator.events().is_empty(), "it waits for the executor");
    job();
    assert!(waiting.join().expect("no panic").is_ok());
}

#[test]
fn a_dropped_fetch_is_an_error_that_says_what_to_do() {
    let provider = AsyncProvider::with_executor(without_sources().provider().clone(), drop);
    let error = futures_executor::block_on(provider.credentials()).expect_err("nothing ran");
    assert!(matches!(error, Error::NotRun), "{error:?}");
    assert!(error.to_string().contains("keep the runtime running"), "{error}");
}

#[test]
fn debug_shows_no_secret() {
    let simulator = Simulator::start(Config::default()).expect("ports on loopback");
    let provider = provider(simulator.container_environment());
    let fetched = run(provider.credentials()).expect("credentials");
    assert_eq!(format!("{provider:?}"), "AsyncProvider(Provider(default chain))");
    assert!(!format!("{fetched:?}").contains(fetched.expose_secret_access_key()));
}
