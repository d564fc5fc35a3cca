//! Code that runs only on the server. Every secret and every rule lives in this module.

pub mod api;
pub mod apps;
pub mod auth;
pub mod commands;
pub mod config;
pub mod desk;
pub mod ground;
pub mod http;
pub mod mail;
pub mod store;
pub mod values;
pub mod vendor;
pub mod web;
pub mod workers;
