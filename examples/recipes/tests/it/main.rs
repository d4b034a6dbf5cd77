//! Runs each recipe against an imitation of its service.

mod firebase;
mod home_assistant;
mod hostile;
mod llm;
mod mercure;
mod ntfy;
mod pages;
mod program;
mod server;
mod tls;
mod wikimedia;
