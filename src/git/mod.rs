//! (room: git)
