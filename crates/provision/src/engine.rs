//! The engine: carries out what the pure part decides, so that nothing is lost when it is cut off anywhere.
//!
//! One mechanism: a durable list of work. A cycle reads the source into it and works until nothing is due; an object leaves it
//! when it is done or skipped with a reason, and stays, held until later, when it failed.
//!
//! | to … | see |
//! |---|---|
//! | know what one run works with | [`run`] |

pub(crate) mod run;
