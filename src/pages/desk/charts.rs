//! Charts of the desk: SVG that the server draws, readable without colours, script or sight.

use leptos::prelude::*;

/// Width of a chart, in units of its own.
const WIDTH: f64 = 380.0;
/// Height of a bar and of the space below it.
const BAR: f64 = 22.0;
const GAP: f64 = 10.0;
/// Width of the names before the bars.
const NAMES: f64 = 100.0;
/// Width of the numbers behind them.
const NUMBERS: f64 = 100.0;
/// Height of a chart of columns.
const HEIGHT: f64 = 100.0;

/// Bars below each other, each with its name before it and its number behind it. `told` says it all
/// in a sentence.
pub fn bars(id: &str, told: String, rows: &[(String, i64, String)]) -> impl IntoView + use<> {
    let most = rows.iter().map(|(_, count, _)| *count).max().unwrap_or_default().max(1) as f64;
    let height = rows.len() as f64 * (BAR + GAP) - GAP;
    let drawn = rows.iter().enumerate().map(|(n, (name, count, number))| {
        let y = n as f64 * (BAR + GAP);
        let width = *count as f64 / most * (WIDTH - NAMES - NUMBERS);
        view! {
            <text class="chart-name" x="0" y=coordinate(y + BAR * 0.7)>
                {name.clone()}
            </text>
            <rect
                class="chart-bar"
                x=coordinate(NAMES)
                y=coordinate(y)
                width=coordinate(width)
                height=coordinate(BAR)
                rx="3"
            />
            <text class="chart-number" x=coordinate(NAMES + width + 8.0) y=coordinate(y + BAR * 0.7)>
                {number.clone()}
            </text>
        }
    });
    framed(id, told, height, drawn.collect_view().into_any())
}

/// Columns beside each other: for each time the whole, and a part of it in front.
pub fn columns(id: &str, told: String, columns: &[(i64, i64)]) -> impl IntoView + use<> {
    let most = columns.iter().map(|(whole, part)| *whole.max(part)).max().unwrap_or_default();
    let step = WIDTH / columns.len().max(1) as f64;
    let drawn = columns.iter().enumerate().map(|(n, (whole, part))| {
        let column = |count: i64, class: &'static str, inset: f64| {
            let height = count as f64 / most.max(1) as f64 * HEIGHT;
            view! {
                <rect
                    class=class
                    x=coordinate(n as f64 * step + step * inset)
                    y=coordinate(HEIGHT - height)
                    width=coordinate(step * (1.0 - 2.0 * inset))
                    height=coordinate(height)
                />
            }
        };
        view! {
            {column(*whole, "chart-whole", 0.1)}
            {column(*part, "chart-bar", 0.25)}
        }
    });
    let line =
        view! { <line class="chart-line" x1="0" x2=coordinate(WIDTH) y1=HEIGHT y2=HEIGHT /> };
    let drawn = view! {
        {drawn.collect_view()}
        {line}
    };
    framed(id, told, HEIGHT + 1.0, drawn.into_any())
}

fn framed(id: &str, told: String, height: f64, drawn: AnyView) -> impl IntoView + use<> {
    let (title, of) = (format!("{id}-title"), format!("{id}-title"));
    view! {
        <svg
            class="chart"
            viewBox=format!("0 0 {} {}", coordinate(WIDTH), coordinate(height))
            role="img"
            aria-labelledby=of
        >
            <title id=title>{told}</title>
            {drawn}
        </svg>
    }
}

/// Writes a coordinate with a decimal place at most.
fn coordinate(value: f64) -> String {
    format!("{:.1}", value).trim_end_matches(".0").to_owned()
}
