// bench/map: the B-tree of Rust's own library, put through what driver.h does with the others.
use std::collections::BTreeMap;
use std::env;
use std::io::BufRead;
use std::process::exit;

const SCAN_KEYS: usize = 100;
const OPERATIONS: u64 = 1_000_000;
const SMALL_TOTAL: u64 = 400_000;
const KEY_BYTES: usize = 20;

#[repr(C)]
struct Mallinfo2 {
    arena: usize,
    ordblks: usize,
    smblks: usize,
    hblks: usize,
    hblkhd: usize,
    usmblks: usize,
    fsmblks: usize,
    uordblks: usize,
    fordblks: usize,
    keepcost: usize,
}

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

extern "C" {
    fn mallinfo2() -> Mallinfo2;
    fn clock_gettime(clock: i32, now: *mut Timespec) -> i32;
}

fn held_bytes() -> f64 {
    let info = unsafe { mallinfo2() };
    (info.uordblks + info.hblkhd) as f64
}

fn cpu_ns() -> u64 {
    let mut now = Timespec { seconds: 0, nanoseconds: 0 };
    unsafe { clock_gettime(2, &mut now) };
    now.seconds as u64 * 1_000_000_000 + now.nanoseconds as u64
}

fn each(begin: u64, count: u64) -> f64 {
    (cpu_ns() - begin) as f64 / count as f64
}

fn random_next(state: &mut u32) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *state
}

fn random_below(state: &mut u32, bound: u32) -> u32 {
    ((random_next(state) as u64 * bound as u64) >> 32) as u32
}

fn scramble(number: u64) -> u64 {
    let mut n = number.wrapping_add(0x9e3779b97f4a7c15);
    n = (n ^ (n >> 30)).wrapping_mul(0xbf58476d1ce4e5b9);
    n = (n ^ (n >> 27)).wrapping_mul(0x94d049bb133111eb);
    n ^ (n >> 31)
}

fn scramble_32(number: u32) -> u32 {
    let mut n = (number ^ (number >> 16)).wrapping_mul(0x7feb352d);
    n = (n ^ (n >> 15)).wrapping_mul(0x846ca68b);
    n ^ (n >> 16)
}

fn key_number(order: &str, i: u64, n: u64, wide: bool) -> u64 {
    match order {
        "sequential" => i,
        "reverse" => n - 1 - i,
        "clustered" => {
            let place = i / 64;
            let cluster = if wide {
                scramble(place) << 6
            } else {
                (place.wrapping_mul(0x9e3779b1) & 0x3ffffff) << 6
            };
            cluster | i % 64
        }
        _ => {
            if wide {
                scramble(i)
            } else {
                scramble_32(i as u32) as u64
            }
        }
    }
}

// --- what keys and values of each kind need ---

trait Key: Ord + Clone {
    fn make(order: &str, i: u64, n: u64) -> Self;
    fn digest(&self) -> u64;
}

trait Value: Copy {
    fn of(number: u64) -> Self;
    fn number(self) -> u64;
}

impl Value for u32 {
    fn of(number: u64) -> u32 {
        number as u32
    }
    fn number(self) -> u64 {
        self as u64
    }
}

impl Value for u64 {
    fn of(number: u64) -> u64 {
        number
    }
    fn number(self) -> u64 {
        self
    }
}

impl Key for u32 {
    fn make(order: &str, i: u64, n: u64) -> u32 {
        key_number(order, i, n, false) as u32
    }
    fn digest(&self) -> u64 {
        *self as u64
    }
}

impl Key for u64 {
    fn make(order: &str, i: u64, n: u64) -> u64 {
        key_number(order, i, n, true)
    }
    fn digest(&self) -> u64 {
        *self
    }
}

impl Key for Box<[u8]> {
    fn make(order: &str, i: u64, n: u64) -> Box<[u8]> {
        let letters = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut number = key_number(order, i, n, true);
        let mut more = scramble(number);
        let mut text = [0u8; KEY_BYTES];
        for at in (0..KEY_BYTES).rev() {
            let from = if at < 11 { &mut number } else { &mut more };
            text[at] = letters[(*from % 62) as usize];
            *from /= 62;
        }
        Box::new(text)
    }
    fn digest(&self) -> u64 {
        self.len() as u64 * 131 + if self.is_empty() { 0 } else { self[0] as u64 }
    }
}

fn shuffled<K: Key>(keys: &[K], mut seed: u32) -> Vec<K> {
    let mut copy = keys.to_vec();
    for i in (1..copy.len()).rev() {
        let other = random_below(&mut seed, i as u32 + 1) as usize;
        copy.swap(i, other);
    }
    copy
}

fn scan<K: Key, V: Value>(map: &BTreeMap<K, V>, from: &K, count: usize) -> u64 {
    map.range(from..).take(count).fold(0u64, |sum, (key, value)| {
        sum.wrapping_add(key.digest()).wrapping_add(value.number())
    })
}

fn measure_get<K: Key, V: Value>(maps: &[BTreeMap<K, V>], keys: &[K]) -> f64 {
    let (mut done, mut sum, begin) = (0u64, 0u64, cpu_ns());
    while done < OPERATIONS {
        for key in keys {
            if done >= OPERATIONS {
                break;
            }
            for map in maps {
                sum = sum.wrapping_add(map.get(key).expect("a key is not found").number());
                done += 1;
            }
        }
    }
    let took = each(begin, done);
    assert!(sum != 12345);
    took
}

fn run_basic<K: Key, V: Value>(keys: &[K], only_bytes: bool) {
    let count = keys.len() as u64;
    let map_count = if count < SMALL_TOTAL { SMALL_TOTAL / count } else { 1 };
    let searched = if only_bytes { &keys[..0] } else { keys };
    let (other, another) = (shuffled(searched, 7), shuffled(searched, 77));
    let mut maps: Vec<BTreeMap<K, V>> = Vec::with_capacity(map_count as usize);
    let handles = map_count as f64 * std::mem::size_of::<BTreeMap<K, V>>() as f64;
    let before = held_bytes() - handles;
    let begin = cpu_ns();
    for at in 0..map_count as usize {
        maps.push(BTreeMap::new());
        for (i, key) in keys.iter().enumerate() {
            maps[at].insert(key.clone(), V::of(i as u64));
        }
    }
    let (took, held) = (each(begin, count * map_count), held_bytes() - before);
    println!("insert_ns {:.6}", took);
    println!("bytes {:.6}", held / (count * map_count) as f64);
    if only_bytes {
        exit(0);
    }
    println!("get_ns {:.6}", measure_get(&maps, &other));
    let begin = cpu_ns();
    let mut sum = 0u64;
    for map in &maps {
        for (key, value) in map {
            sum = sum.wrapping_add(key.digest()).wrapping_add(value.number());
        }
    }
    println!("iterate_ns {:.6}", each(begin, count * map_count));
    println!("checksum {}", sum & 0xffffffffffff);
    if count >= SCAN_KEYS as u64 {
        let scans = OPERATIONS / SCAN_KEYS as u64;
        let begin = cpu_ns();
        let mut sum = 0u64;
        for i in 0..scans {
            sum = sum.wrapping_add(scan(&maps[0], &other[(i % count) as usize], SCAN_KEYS));
        }
        println!("scan_ns {:.6}", each(begin, scans));
        assert!(sum != 12345);
    }
    let gone = count / 10 * 9;
    if gone > 0 {
        let begin = cpu_ns();
        for key in &another[..gone as usize] {
            for map in &mut maps {
                map.remove(key).expect("a key is not there to be removed");
            }
        }
        println!("remove_ns {:.6}", each(begin, gone * map_count));
        let left = (count - gone) * map_count;
        println!("left_bytes {:.6}", (held_bytes() - before) / left as f64);
    }
}

fn measure_mix<K: Key, V: Value>(
    map: &mut BTreeMap<K, V>,
    inside: &mut [K],
    outside: &mut [K],
    gets_percent: u32,
    scans: bool,
) -> f64 {
    let half = inside.len();
    let operations = if scans { 100_000 } else { OPERATIONS };
    let (mut sequence, mut sum, mut next) = (99u32, 0u64, 0usize);
    let begin = cpu_ns();
    for i in 0..operations {
        if random_below(&mut sequence, 100) < gets_percent {
            let key = &inside[random_below(&mut sequence, half as u32) as usize];
            sum = sum.wrapping_add(if scans {
                scan(map, key, SCAN_KEYS)
            } else {
                map.get(key).expect("a key is not found").number()
            });
            continue;
        }
        map.remove(&inside[next]).expect("a key is not there to be removed");
        map.insert(outside[next].clone(), V::of(i));
        std::mem::swap(&mut inside[next], &mut outside[next]);
        next = if next + 1 < half { next + 1 } else { 0 };
    }
    let took = each(begin, operations);
    assert!(sum != 12345);
    took
}

fn zipf(sequence: &mut u32, count: u64) -> u64 {
    let share = random_next(sequence) as f64 / 4294967296.0;
    let x = (1.0 + share * ((count as f64).powf(0.1) - 1.0)).powf(10.0);
    (x as u64 - 1).min(count - 1)
}

fn run_mixed<K: Key, V: Value>(keys: &[K]) {
    let half = keys.len() / 2;
    let mut all = shuffled(&keys[..half * 2], 7);
    let (inside, outside) = all.split_at_mut(half);
    let mut map: BTreeMap<K, V> = BTreeMap::new();
    for (i, key) in inside.iter().enumerate() {
        map.insert(key.clone(), V::of(i as u64));
    }
    println!("mixed_95_ns {:.6}", measure_mix(&mut map, inside, outside, 95, false));
    println!("mixed_50_ns {:.6}", measure_mix(&mut map, inside, outside, 50, false));
    println!("mixed_scan_ns {:.6}", measure_mix(&mut map, inside, outside, 95, true));
    let mut sequence = 5u32;
    let often: Vec<K> = (0..OPERATIONS)
        .map(|_| inside[zipf(&mut sequence, half as u64) as usize].clone())
        .collect();
    println!("zipf_ns {:.6}", measure_get(std::slice::from_ref(&map), &often));
}

fn run<K: Key, V: Value>(work: &str, keys: &[K]) {
    if work == "basic" || work == "bytes" {
        run_basic::<K, V>(keys, work == "bytes")
    } else {
        run_mixed::<K, V>(keys)
    }
}

fn keys_read(path: &str, most: u64) -> Vec<Box<[u8]>> {
    let file = std::fs::File::open(path).expect("cannot read the keys");
    std::io::BufReader::new(file)
        .split(b'\n')
        .take(most as usize)
        .map(|line| line.expect("cannot read the keys").into_boxed_slice())
        .collect()
}

fn make<K: Key>(order: &str, n: u64) -> Vec<K> {
    (0..n).map(|i| K::make(order, i, n)).collect()
}

fn main() {
    let words: Vec<String> = env::args().collect();
    if words.len() < 5 {
        eprintln!("usage: {} u32|u64|text basic|bytes|mixed ORDER COUNT [KEYS]", words[0]);
        exit(2);
    }
    let n: u64 = words[4].parse().expect("COUNT is no number");
    let (kind, work, order) = (words[1].as_str(), words[2].as_str(), words[3].as_str());
    match kind {
        "u32" => run::<u32, u32>(work, &make(order, n)),
        "u64" => run::<u64, u64>(work, &make(order, n)),
        _ if words.len() > 5 => run::<Box<[u8]>, u64>(work, &keys_read(&words[5], n)),
        _ => run::<Box<[u8]>, u64>(work, &make(order, n)),
    }
}
