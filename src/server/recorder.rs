//! Counters, gauges and histograms of this process, and the text Prometheus reads.
//!
//! A recorder of our own: the usual one keeps every sample of a histogram until somebody scrapes
//! or a task takes care of it, about 20 bytes a request. Here a sample is added to its bucket at
//! once. What is kept depends on how many series there are, never on how many requests.

use metrics::{
    Counter, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, SharedString, Unit,
};
use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Upper ends of the buckets, in seconds: from a cached page to a slow database.
const BUCKETS: [f64; 9] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

/// One value for each name and its labels, in their order.
type Series<T> = RwLock<BTreeMap<Key, Arc<T>>>;

/// Everything that is counted. Gauges are the bits of an `f64`.
#[derive(Debug, Default)]
pub struct Recorder {
    counters: Series<AtomicU64>,
    gauges: Series<AtomicU64>,
    histograms: Series<Buckets>,
}

/// How many samples fell into each bucket, the last of which has no end, and their sum.
#[derive(Debug, Default)]
struct Buckets {
    counts: [AtomicU64; BUCKETS.len() + 1],
    sum: AtomicU64,
}

impl HistogramFn for Buckets {
    fn record(&self, value: f64) {
        let bucket = BUCKETS.partition_point(|end| *end < value);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Relaxed);
        }
        GaugeFn::increment(&self.sum, value);
    }
}

/// The value of a series, which begins with the first that asks for it.
fn of<T: Default>(series: &Series<T>, key: &Key) -> Arc<T> {
    let known = series.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
    known.unwrap_or_else(|| {
        let mut all = series.write().unwrap_or_else(PoisonError::into_inner);
        all.entry(key.clone()).or_default().clone()
    })
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(of(&self.counters, key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(of(&self.gauges, key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(of(&self.histograms, key))
    }
}

impl Recorder {
    /// The text exposition format, version 0.0.4.
    pub fn render(&self) -> String {
        let mut text = Text::default();
        let number = |bits: &AtomicU64| f64::from_bits(bits.load(Relaxed));
        for (key, value) in snapshot(&self.counters) {
            text.kind(&key, "counter");
            text.line(&key, "", None, value.load(Relaxed));
        }
        for (key, value) in snapshot(&self.gauges) {
            text.kind(&key, "gauge");
            text.line(&key, "", None, number(&value));
        }
        for (key, buckets) in snapshot(&self.histograms) {
            text.kind(&key, "histogram");
            let ends = BUCKETS.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
            let mut so_far = 0;
            for (end, count) in ends.zip(&buckets.counts) {
                so_far += count.load(Relaxed);
                text.line(&key, "_bucket", Some(&end), so_far);
            }
            text.line(&key, "_sum", None, number(&buckets.sum));
            text.line(&key, "_count", None, so_far);
        }
        text.written
    }
}

/// The series there are now, so that nobody who counts waits for who reads.
fn snapshot<T>(series: &Series<T>) -> Vec<(Key, Arc<T>)> {
    let all = series.read().unwrap_or_else(PoisonError::into_inner);
    all.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The text so far, and the name it last told the kind of.
#[derive(Default)]
struct Text {
    written: String,
    told: String,
}

impl Text {
    fn kind(&mut self, key: &Key, kind: &str) {
        if self.told != key.name() {
            self.told = key.name().to_owned();
            let _ = writeln!(self.written, "# TYPE {} {kind}", key.name());
        }
    }

    /// One sample. Writing to a string does not fail.
    fn line(&mut self, key: &Key, suffix: &str, end: Option<&str>, value: impl ToString) {
        let labels = key.labels().map(|label| (label.key(), label.value()));
        let labels: Vec<String> = labels
            .chain(end.map(|end| ("le", end)))
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        let labels = match labels.is_empty() {
            true => String::new(),
            false => format!("{{{}}}", labels.join(",")),
        };
        let _ = writeln!(self.written, "{}{suffix}{labels} {}", key.name(), value.to_string());
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics::{counter, gauge, histogram, with_local_recorder};

    #[test]
    fn a_hundred_thousand_samples_that_nobody_reads_are_kept_as_a_few_counters() {
        let recorder = Recorder::default();
        let kept = || format!("{recorder:?}").len();
        let sample = || histogram!("request_seconds", "route" => "/login").record(0.002);
        with_local_recorder(&recorder, sample);
        let after_one = kept();
        with_local_recorder(&recorder, || (1..100_000).for_each(|_| sample()));
        let digits = 2 * "100000".len() + "18446744073709551615".len();
        assert!(kept() <= after_one + digits, "{} became {}", after_one, kept());
        assert!(recorder.render().contains("request_seconds_count{route=\"/login\"} 100000\n"));
    }

    #[test]
    fn what_prometheus_reads() {
        let recorder = Recorder::default();
        with_local_recorder(&recorder, || {
            counter!("seen_total", "what" => "a \"b\" \\ c\nd").increment(2);
            gauge!("depth").set(1.5);
            for seconds in [0.001, 0.002, 20.0] {
                histogram!("wait_seconds").record(seconds);
            }
        });
        let text = recorder.render();
        let (before, rest) = text.split_once("wait_seconds_bucket{le=\"0.01\"}").unwrap();
        assert_eq!(
            before,
            "# TYPE seen_total counter\nseen_total{what=\"a \\\"b\\\" \\\\ c\\nd\"} 2\n\
             # TYPE depth gauge\ndepth 1.5\n# TYPE wait_seconds histogram\n\
             wait_seconds_bucket{le=\"0.001\"} 1\nwait_seconds_bucket{le=\"0.003\"} 2\n"
        );
        assert!(
            rest.ends_with(
                "wait_seconds_bucket{le=\"10\"} 2\nwait_seconds_bucket{le=\"+Inf\"} 3\n\
                 wait_seconds_sum 20.003\nwait_seconds_count 3\n"
            ),
            "{rest}"
        );
    }
}
