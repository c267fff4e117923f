//! Parts as values.
