//! It starts, its databases are apart, what was committed survives a kill, and nothing is left of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cluster::{Cluster, Options};

/// Set for the copy of this program that is killed.
const COPY: &str = "CLUSTER_TEST_COPY";
const PATIENCE: Duration = Duration::from_secs(60);

fn until(what: &str, is: impl Fn() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Processes that have the folder in their command line.
fn processes(folder: &Path) -> Vec<u32> {
    let name = folder.display().to_string();
    let numbers = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let holds = |number: &u32| {
        let line = std::fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&name)
    };
    numbers.filter(holds).collect()
}

/// The folder, and the segment of shared memory.
fn place(cluster: &Cluster) -> (PathBuf, String) {
    let file = std::fs::read_to_string(cluster.folder().join("data/postmaster.pid")).unwrap();
    let segment = file.lines().nth(6).unwrap().split_whitespace().nth(1).unwrap().to_owned();
    (cluster.folder().to_owned(), segment)
}

fn has_segment(segment: &str) -> bool {
    let all = std::fs::read_to_string("/proc/sysvipc/shm").unwrap();
    all.lines().any(|line| line.split_whitespace().nth(1) == Some(segment))
}

#[track_caller]
fn nothing_is_left(folder: &Path, segment: &str) {
    until("the folder goes", || !folder.exists());
    until("the processes go", || processes(folder).is_empty());
    until("the shared memory goes", || !has_segment(segment));
}

#[test]
fn databases_are_apart() {
    let cluster = Cluster::shared();
    let (one, two) = (cluster.database().unwrap(), cluster.database().unwrap());
    cluster.psql(&one, "CREATE TABLE t (n int)").unwrap();
    cluster.psql(&one, "INSERT INTO t VALUES (7)").unwrap();
    assert_eq!(cluster.psql(&one, "SELECT n FROM t").unwrap().trim(), "7");
    let refused = cluster.psql(&two, "SELECT n FROM t").unwrap_err().to_string();
    assert!(refused.contains("does not exist"), "{refused}");
    let settings = "SELECT current_setting('fsync'), current_setting('max_connections'), current_setting('server_encoding')";
    assert_eq!(cluster.psql(&two, settings).unwrap().trim(), "on|200|UTF8");
}

#[test]
fn what_was_committed_survives_kills() {
    let cluster = Cluster::start(Options::default()).unwrap();
    let url = cluster.database().unwrap();
    cluster.psql(&url, "CREATE TABLE t (n int)").unwrap();
    for round in 0..3 {
        cluster.psql(&url, &format!("INSERT INTO t VALUES ({round})")).unwrap();
        cluster.kill_server().unwrap();
        assert!(cluster.psql(&url, "SELECT 1").is_err(), "nobody answers");
        assert!(cluster.kill_backend(0).is_err(), "nobody is there");
        cluster.start_again().unwrap();
        assert_eq!(cluster.psql(&url, "SELECT count(*) FROM t").unwrap().trim(), (round + 1).to_string());
    }
    // Somebody who waits for a long time, and is not let to.
    let sleeper = std::thread::scope(|scope| {
        let sleeper = scope.spawn(|| cluster.psql(&url, "SELECT pg_sleep(600)"));
        until("a client is connected", || cluster.kill_backend(3).unwrap());
        sleeper.join().unwrap()
    });
    assert!(sleeper.is_err(), "{sleeper:?}");
    cluster.ready().unwrap();
    cluster.pause().unwrap();
    cluster.resume().unwrap();
    assert_eq!(cluster.psql(&url, "SELECT count(*) FROM t").unwrap().trim(), "3");
    let (folder, segment) = place(&cluster);
    assert!(has_segment(&segment) && !processes(&folder).is_empty(), "the look itself sees something");
    drop(cluster);
    nothing_is_left(&folder, &segment);
}

#[test]
fn nothing_is_left_after_a_panic_or_of_a_killed_server() {
    let mut place_of = None;
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let cluster = Cluster::start(Options { fsync: false, ..Options::default() }).unwrap();
        place_of = Some(place(&cluster));
        cluster.kill_server().unwrap();
        assert!(cluster.database().is_ok(), "a test that fails");
    }));
    assert!(caught.is_err());
    let (folder, segment) = place_of.unwrap();
    nothing_is_left(&folder, &segment);
}

/// In the copy of this program that `nothing_outlives_its_process` starts, it says where the cluster is and waits for its end.
#[test]
fn the_shared_cluster_is_one() {
    let cluster = Cluster::shared();
    assert_eq!(cluster.folder(), Cluster::shared().folder());
    if std::env::var_os(COPY).is_some() {
        let (folder, segment) = place(cluster);
        println!("\nplace {} {segment}", folder.display());
        loop {
            std::thread::park();
        }
    }
}

#[test]
fn nothing_outlives_its_process() {
    let mut copy = Command::new(std::env::current_exe().unwrap());
    copy.args(["--exact", "the_shared_cluster_is_one", "--nocapture"]).env(COPY, "1");
    let mut copy = copy.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(copy.stdout.take().unwrap()).lines();
    let said = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("place ").map(str::to_owned));
    let (folder, segment) = said.as_deref().unwrap().split_once(' ').unwrap();
    let folder = Path::new(folder);
    assert!(folder.exists() && has_segment(segment) && !processes(folder).is_empty());
    copy.kill().unwrap();
    copy.wait().unwrap();
    nothing_is_left(folder, segment);
}
