//! stub
use crate::report::Report;
pub fn write(_report: &Report) -> String {
    String::new()
}
