//! (room: integrations)
