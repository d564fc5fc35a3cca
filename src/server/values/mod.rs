//! Values that are parsed once and then trusted (addresses, destinations, the public URL), and the
//! names of events and networks.

pub mod address;
pub mod destination;
pub mod event;
pub mod network;
pub mod public_url;
pub mod shown;
