//! Sizes and times for people.

/// A size in the decimal units that pip and apt print, with three digits: `999 bytes`, `11.1 kB`, `1.20 MB`.
pub fn bytes(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} {}", if bytes == 1 { "byte" } else { "bytes" });
    }
    let mut size = bytes as f64;
    for unit in ["kB", "MB", "GB", "TB", "PB", "EB"] {
        size /= 1000.0;
        // What would round up to four digits belongs to the next unit.
        match size {
            size if size < 9.995 => return format!("{size:.2} {unit}"),
            size if size < 99.95 => return format!("{size:.1} {unit}"),
            size if size < 999.5 => return format!("{size:.0} {unit}"),
            _ => {}
        }
    }
    format!("{size:.0} EB")
}

/// A time: `0.012 s`, `3.2 s`, `2 min 5 s`, `1 h 4 min`.
pub fn seconds(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match seconds {
        seconds if seconds < 0.1 => format!("{seconds:.3} s"),
        seconds if seconds < 99.95 => format!("{seconds:.1} s"),
        _ if whole < 3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}
