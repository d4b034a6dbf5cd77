use core::hint::black_box;

use embedded_sse::{Scheme, Url};

use crate::display::display;
use crate::input;

pub fn every_call() {
    let (mut host, mut path) = ([0; 256], [0; 1024]);
    if let Some(url) = parsed(&mut path) {
        look_at(url);
    }
    if let Some(url) = assembled(&mut host, &mut path) {
        look_at(url);
    }
}

pub fn parsed(buffer: &mut [u8]) -> Option<Url<'_>> {
    black_box(Url::parse(input::text(buffer)))
        .inspect_err(|invalid| display(invalid))
        .ok()
}

fn assembled<'a>(host: &'a mut [u8], path: &'a mut [u8]) -> Option<Url<'a>> {
    let scheme = if input::flag() {
        Scheme::Https
    } else {
        Scheme::Http
    };
    let host = input::text(host);
    let port = input::option(input::number() as u16);
    black_box(Url::from_parts(scheme, host, port, input::text(path))).ok()
}

fn look_at(url: Url<'_>) {
    black_box(url.origin() == black_box(url.origin()));
    black_box(url.origin().scheme.as_str());
    black_box(url.path_and_query());
    display(url);
}
