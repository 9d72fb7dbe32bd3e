//! Comparing structured configuration key by key (sem 2.2).
