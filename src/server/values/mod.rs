//! Values that are parsed once and then trusted (addresses, destinations, the public URL), and the
//! names of events.

pub mod address;
pub mod destination;
pub mod event;
pub mod public_url;
pub mod shown;
