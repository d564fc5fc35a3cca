//! Values that are parsed once and then trusted: addresses, destinations, the public URL.

pub mod address;
pub mod destination;
pub mod event;
pub mod public_url;
pub mod shown;
