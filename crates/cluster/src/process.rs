//! Processes as `/proc` shows them, and signals to them.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Doing as _, Error, Result};

/// How long anything may take; not a measure, only an end to waiting.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
pub(crate) const MOMENT: Duration = Duration::from_millis(20);

pub(crate) fn children(parent: u32) -> Vec<u32> {
    let numbers = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str().and_then(|name| name.parse().ok()));
    numbers.filter(|number| stat(*number).is_some_and(|(_, of)| of == parent)).collect()
}

/// State and parent.
fn stat(process: u32) -> Option<(char, u32)> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name stands in parentheses and may hold anything.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.next()?.parse().ok()?))
}

pub(crate) fn title(process: u32) -> String {
    let text = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&text).replace('\0', " ")
}

/// To all that are still there.
pub(crate) fn signal(name: &str, processes: &[u32]) -> Result<()> {
    if processes.is_empty() {
        return Ok(());
    }
    let mut kill = Command::new("kill");
    kill.arg("-s").arg(name).args(processes.iter().map(u32::to_string)).stderr(Stdio::null());
    // Who has gone by itself in the meantime makes it fail, and is what was wanted.
    kill.status().map(drop).doing("kill")
}

/// Gone, or a zombie that only waits for its parent to notice.
pub(crate) fn gone(processes: &[u32]) -> Result<()> {
    let began = Instant::now();
    while let Some(left) =
        processes.iter().find(|process| stat(**process).is_some_and(|(state, _)| state != 'Z'))
    {
        if began.elapsed() > PATIENCE {
            return Err(Error::new(format!("process {left} does not go: {}", title(*left))));
        }
        std::thread::sleep(MOMENT);
    }
    Ok(())
}
