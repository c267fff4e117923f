//! Ends what the tests leave, when they end without a chance to do it: killed, aborted, or with a cluster in a `static`.
//!
//! A shell that waits at the end of a pipe. Nobody writes to it; the pipe closes when the process of the tests is gone.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use std::os::unix::process::CommandExt as _;

use crate::error::{Doing as _, Result};

/// `$1` is the cluster's folder. What stands in `postmaster.pid` is the server's process, and in the seventh line its segment
/// of shared memory, which nobody removes after SIGKILL.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
read -r _
[ -d "$1" ] || exit 0
file="$1/data/postmaster.pid"
pid=$(head -n 1 "$file" 2>/dev/null)
segment=$(sed -n '7s/.* //p' "$file" 2>/dev/null)
runs() { tr '\0' ' ' < "/proc/$pid/cmdline" 2>/dev/null | grep -qF "$1"; }
if [ -n "$pid" ] && runs "$1"; then
    kill -s CONT "$pid"
    kill -s QUIT "$pid"
    for i in $(seq 100); do runs "$1" || break; sleep 0.1; done
    if runs "$1"; then kill -s KILL "$pid"; sleep 1; fi
fi
[ -n "$segment" ] && ipcrm -m "$segment" 2>/dev/null
rm -rf "$1"
"#;

#[derive(Debug)]
pub(crate) struct Watchdog {
    shell: Child,
}

impl Watchdog {
    pub(crate) fn over(folder: &Path) -> Result<Self> {
        let mut shell = Command::new("sh");
        // Away from the group that a terminal's Ctrl-C goes to.
        shell.args(["-c", SCRIPT, "watchdog"]).arg(folder).current_dir("/").process_group(0);
        let shell = shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Ok(Self { shell: shell.doing("the watchdog")? })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// The server's segment of shared memory.
pub(crate) fn segment(data: &Path) -> Option<String> {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
    text.lines().nth(6)?.split_whitespace().nth(1).map(str::to_owned)
}

/// A server that ended in order has removed it itself.
pub(crate) fn remove_segment(segment: Option<String>) {
    let Some(segment) = segment else { return };
    let all = std::fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    if all.lines().any(|line| line.split_whitespace().nth(1) == Some(&segment)) {
        let _ = Command::new("ipcrm").args(["-m", &segment]).stderr(Stdio::null()).status();
    }
}
