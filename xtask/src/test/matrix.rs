//! The trials in guests, two at a time: emulation keeps about one core busy for each.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::summary::Summary;
use crate::trials::{Course, Event};
use crate::vm;
use crate::vm::kernels::{self, Kernel, Series};

const AT_A_TIME: usize = 2;
/// For one kernel; far above what the trials take, so that only a guest that hangs meets it.
const LIMIT: Duration = Duration::from_mins(40);

/// Runs the chosen trials on each kernel. One that breaks down does not keep the others from running.
pub(super) fn run(
    series: &[&'static Series],
    binary: &Path,
    args: &[String],
    summary: &mut Summary,
) -> Result<()> {
    let expected = vm::listed(binary, args)?;
    if expected.is_empty() {
        println!("   no trial has such a name");
        return Ok(());
    }
    let kernels: Vec<_> = series.iter().map(|series| (series.name, kernels::obtain(series))).collect();
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<Result<Course>>>> = Mutex::new(kernels.iter().map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some((at, (_, Ok(kernel)))) = take(&next, &kernels) {
                    let result = one(kernel, binary, args);
                    results.lock().expect("no holder panics")[at] = Some(result);
                }
            });
        }
    });
    let mut bad = 0;
    for ((name, kernel), result) in kernels.iter().zip(results.into_inner().expect("no holder panics")) {
        bad += usize::from(!settle(name, kernel, result, &expected, summary));
    }
    if bad == 0 { Ok(()) } else { bail!("{bad} of {} kernels", kernels.len()) }
}

/// The next kernel that could be had.
fn take<'a, T>(
    next: &AtomicUsize,
    kernels: &'a [(T, Result<Kernel>)],
) -> Option<(usize, &'a (T, Result<Kernel>))> {
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let kernel = kernels.get(at)?;
        if kernel.1.is_ok() {
            return Some((at, kernel));
        }
    }
}

fn one(kernel: &Kernel, binary: &Path, args: &[String]) -> Result<Course> {
    println!("   {}: starting {}", kernel.name, kernel.release);
    let start = Instant::now();
    let mut done = 0;
    let result = vm::run_trials(kernel, binary, args, LIMIT, |name, ended| {
        done += 1;
        if ended.event != Event::Passed {
            println!("   {}:{}", kernel.name, vm::told(name, ended));
        } else if done % 20 == 0 {
            println!("   {}: {done} trials done", kernel.name);
        }
    });
    println!("   {}: {done} trials in {:.1} s", kernel.name, start.elapsed().as_secs_f64());
    result
}

/// Enters one kernel's result; says whether it is good.
fn settle(
    name: &str,
    kernel: &Result<Kernel>,
    result: Option<Result<Course>>,
    expected: &[String],
    summary: &mut Summary,
) -> bool {
    let broken = match (kernel, result) {
        (Err(error), _) => error,
        (_, Some(Err(error))) => &error.context("running the guest"),
        (_, None) => &anyhow::anyhow!("the guest was never started"),
        (Ok(kernel), Some(Ok(course))) => {
            summary.course(&kernel.release, &course);
            match course.check(expected) {
                Ok(()) => return course.failed() == 0,
                Err(error) => &error.context("the report is not complete"),
            }
        }
    };
    eprintln!("error: {name}: {broken:#}");
    summary.broken(name, broken);
    false
}
