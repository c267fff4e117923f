//! Which process this is, among all that ever use the data folder, and whether another has gone: told by `/proc`.

use std::fs;

use provision::Process;

/// `None` where there is no `/proc`.
pub(crate) fn this() -> Option<Process> {
    let own = Identity::of("self")?;
    Some(Process { name: own.name(), has_gone })
}

/// A process number means something only within one boot and one namespace, and is given again once its process has gone.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity {
    boot: String,
    namespace: String,
    process: String,
    /// In ticks since the machine was started.
    started: String,
}

impl Identity {
    /// Of a running process, in the eyes of this one.
    fn of(process: &str) -> Option<Self> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned();
        let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
        let namespace = namespace.to_string_lossy().chars().filter(char::is_ascii_digit).collect();
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name of the program stands in parentheses and may hold anything.
        let (head, tail) = stat.rsplit_once(')')?;
        let mut fields = tail.split_whitespace();
        let state = fields.next()?;
        let started = fields.nth(18)?.to_owned();
        let process = head.split_whitespace().next()?.to_owned();
        // What waits only for its end to be noticed does nothing any more.
        (!matches!(state, "Z" | "X")).then_some(Self { boot, namespace, process, started })
    }

    fn name(&self) -> String {
        let Self { boot, namespace, process, started } = self;
        format!("{boot}:{namespace}:{process}:{started}")
    }

    fn parse(name: &str) -> Option<Self> {
        let parts: Vec<&str> = name.split(':').collect();
        let [boot, namespace, process, started] = parts[..] else { return None };
        process.parse::<u32>().ok()?;
        let [boot, namespace, process, started] = [boot, namespace, process, started].map(str::to_owned);
        Some(Self { boot, namespace, process, started })
    }
}

/// Only what was started on this machine since it runs, and where this process sees it, can be known to have gone.
fn has_gone(name: &str) -> bool {
    let (Some(other), Some(own)) = (Identity::parse(name), Identity::of("self")) else { return false };
    other.boot == own.boot
        && other.namespace == own.namespace
        && Identity::of(&other.process).is_none_or(|now| now.started != other.started)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_to_have_gone_has_gone() {
        let own = Identity::of("self").unwrap();
        assert!(!has_gone(&own.name()), "this one is here");
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let other = Identity::of(&child.id().to_string()).unwrap();
        assert!(!has_gone(&other.name()), "it runs");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(has_gone(&other.name()), "it was killed");
        let successor = Identity { started: "1".to_owned(), ..own.clone() };
        assert!(has_gone(&successor.name()), "the number was given to another one");
        for unknown in [
            Identity { boot: "another".to_owned(), ..other.clone() },
            Identity { namespace: "7".to_owned(), ..other },
        ] {
            assert!(!has_gone(&unknown.name()), "{unknown:?} cannot be seen from here");
        }
        assert!(!has_gone("") && !has_gone("a:b:c:d") && !has_gone("Zm9v"));
    }
}
