//! The `generatorURL` of an alert: whose it is, and which expression it holds. Its host is compared, and never asked.

use std::time::Duration;

use promql_parser::parser::token::{self, TokenType};
use promql_parser::parser::{BinaryExpr, Expr};
use reqwest::Url;

use super::promql;
use crate::domain::{Measure, text};

/// What an alert's expression is once its comparison is taken away, which would hide every value that is no alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// The expression that is compared.
    pub text: String,
    /// A metric, and whether its lowest value is the worst.
    pub measure: Measure,
    /// The longest `[range]` in it: the best guess at a window.
    pub largest_range: Option<Duration>,
}

/// What the expression of a `generatorURL` compares.
///
/// # Errors
/// Where it holds none that can be read, with the reason.
pub fn derive(generator_url: &str) -> Result<Derived, String> {
    let expression = expression_of(generator_url)?;
    let parsed = promql::parse(&expression).map_err(|reason| format!("its expression cannot be read: {reason}"))?;
    let (compared, measure) = without_comparison(&parsed);
    let text = compared.to_string();
    // It is written anew from what was read, which must not have changed what it means.
    if promql::parse(&text).as_ref() != Ok(compared) {
        return Err("its expression cannot be written again as it was read".to_owned());
    }
    let mut largest_range = None;
    visit_ranges(compared, &mut |range| largest_range = largest_range.max(Some(range)));
    Ok(Derived { text, measure, largest_range })
}

/// The expression of a page of Prometheus, Thanos or `vmalert` that shows a graph.
fn expression_of(generator_url: &str) -> Result<String, String> {
    let url = Url::parse(generator_url).map_err(|error| format!("it is no address: {error}"))?;
    // VictoriaMetrics has its own page, with the arguments behind the mark of a fragment.
    let behind = url.fragment().and_then(|fragment| fragment.split_once('?')).map(|(_, query)| query.to_owned());
    let behind = behind.and_then(|query| Url::parse(&format!("http://fragment/?{query}")).ok());
    let arguments = url.query_pairs().chain(behind.iter().flat_map(|url| url.query_pairs()));
    let mut expressions = arguments.filter(|(name, _)| matches!(name.as_ref(), "g0.expr" | "expr"));
    let expression = expressions.find(|(_, value)| !value.trim().is_empty()).map(|(_, value)| value.into_owned());
    let expression = expression.ok_or("it holds no expression (g0.expr)")?;
    Ok(expression)
}

/// What is compared, and which of its values are the worst. Of several conditions, the first one's.
fn without_comparison(expression: &Expr) -> (&Expr, Measure) {
    match expression {
        Expr::Paren(inner) => match without_comparison(&inner.expr) {
            // Nothing was compared in them: then they stay.
            (same, measure) if std::ptr::eq(same, inner.expr.as_ref()) => (expression, measure),
            stripped => stripped,
        },
        Expr::Binary(binary) if binary.op.is_comparison_operator() => compared(binary),
        Expr::Binary(binary) if is_condition(binary.op) => match without_comparison(&binary.lhs) {
            (same, measure) if std::ptr::eq(same, binary.lhs.as_ref()) => (expression, measure),
            stripped => stripped,
        },
        _ => (expression, Measure::Metric),
    }
}

/// Whether it says when the left side counts.
fn is_condition(operation: TokenType) -> bool {
    matches!(operation.id(), token::T_LAND | token::T_LOR | token::T_LUNLESS)
}

/// The side of a comparison that is not the limit: the left one, unless only that is a constant.
fn compared(binary: &BinaryExpr) -> (&Expr, Measure) {
    let is_mirrored = is_constant(&binary.lhs) && !is_constant(&binary.rhs);
    let side = if is_mirrored { &binary.rhs } else { &binary.lhs };
    let is_below = matches!(binary.op.id(), token::T_LSS | token::T_LTE);
    let is_above = matches!(binary.op.id(), token::T_GTR | token::T_GTE);
    let measure =
        if is_below && !is_mirrored || is_above && is_mirrored { Measure::LowestMetric } else { Measure::Metric };
    (side, measure)
}

fn is_constant(expression: &Expr) -> bool {
    match expression {
        Expr::NumberLiteral(_) => true,
        Expr::Paren(inner) => is_constant(&inner.expr),
        Expr::Unary(inner) => is_constant(&inner.expr),
        Expr::Binary(binary) => is_constant(&binary.lhs) && is_constant(&binary.rhs),
        Expr::Call(call) => {
            matches!(call.func.name, "scalar" | "vector") && call.args.args.iter().all(|it| is_constant(it))
        }
        _ => false,
    }
}

fn visit_ranges(expression: &Expr, visit: &mut impl FnMut(Duration)) {
    match expression {
        Expr::MatrixSelector(selector) => visit(selector.range),
        Expr::Subquery(subquery) => {
            visit(subquery.range);
            visit_ranges(&subquery.expr, visit);
        }
        Expr::Aggregate(aggregate) => {
            visit_ranges(&aggregate.expr, visit);
            if let Some(parameter) = &aggregate.param {
                visit_ranges(parameter, visit);
            }
        }
        Expr::Unary(inner) => visit_ranges(&inner.expr, visit),
        Expr::Paren(inner) => visit_ranges(&inner.expr, visit),
        Expr::Binary(binary) => {
            visit_ranges(&binary.lhs, visit);
            visit_ranges(&binary.rhs, visit);
        }
        Expr::Call(call) => call.args.args.iter().for_each(|argument| visit_ranges(argument, visit)),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::VectorSelector(_) | Expr::Extension(_) => {}
    }
}

fn short(reason: &str) -> String {
    text::shorten(reason, 120)
}

/// What a `generatorURL` begins with: scheme, host and port, and the start of a path.
pub(super) struct Address(Url);

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let shown = short(url);
        let url = Url::parse(url).map_err(|error| format!("'{shown}' is no address: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(format!("'{shown}' does not begin with http:// or https://"));
        }
        Ok(Self(url))
    }

    /// How long the path is with which a `generatorURL` begins; `None` where it begins otherwise.
    pub(super) fn begins(&self, generator_url: &str) -> Option<usize> {
        let url = Url::parse(generator_url).ok()?;
        let is_same = url.scheme() == self.0.scheme()
            && url.host() == self.0.host()
            && url.port_or_known_default() == self.0.port_or_known_default();
        let path = self.0.path().trim_end_matches('/');
        let rest = url.path().strip_prefix(path).filter(|_| is_same)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(path.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(expression: &str) -> String {
        let mut url = Url::parse("http://prom:9090/graph").unwrap();
        url.query_pairs_mut().append_pair("g0.expr", expression).append_pair("g0.tab", "1");
        url.into()
    }

    fn check(expression: &str, text: &str, measure: Measure) {
        let derived = derive(&url(expression)).unwrap_or_else(|reason| panic!("{expression}: {reason}"));
        assert_eq!((derived.text.as_str(), derived.measure), (text, measure), "{expression}");
    }

    #[test]
    fn the_outermost_comparison_is_taken_away() {
        let (highest, lowest) = (Measure::Metric, Measure::LowestMetric);
        check("rate(errors[5m]) > 5", "rate(errors[5m])", highest);
        check("free_bytes / size_bytes < 0.1", "free_bytes / size_bytes", lowest);
        check("up <= 0", "up", lowest);
        check("up == 0", "up", highest);
        check("up != 1", "up", highest);
        check("x >= bool 5", "x", highest);
        check("((x > 5))", "x", highest);
        check("5 < x", "x", highest);
        check("(1 + 1) > x", "x", lowest);
        check("x > y", "x", highest);
        check("x > on (job) group_left () y", "x", highest);
        check("x", "x", highest);
        check("(x + 1) * 2", "(x + 1) * 2", highest);
        check("(x)", "(x)", highest);
        check("absent(up{job=\"a\"})", "absent(up{job=\"a\"})", highest);
    }

    #[test]
    fn of_several_conditions_the_first_is_shown() {
        check("a < 5 and b > 3", "a", Measure::LowestMetric);
        check("(a > 5) and on (job) (b > 3)", "a", Measure::Metric);
        check("a > 5 or b < 3", "a", Measure::Metric);
        check("a > 5 unless b", "a", Measure::Metric);
        check("(a > 5 and b > 3) and c > 1", "a", Measure::Metric);
        check("a and b > 3", "a and b > 3", Measure::Metric);
    }

    #[test]
    fn texts_and_ranges_survive() {
        let expression =
            r#"sum by (job) (rate(x{path=~"a\\.b|\"c\"",y!="ä"}[5m] offset 1w)) / sum(rate(z[1h30m])) > 0.5"#;
        let derived = derive(&url(expression)).unwrap();
        assert!(derived.text.contains(r#"path=~"a\\.b|\"c\"""#), "{}", derived.text);
        assert_eq!(derived.largest_range, Some(Duration::from_mins(90)));
        assert_eq!(
            derive(&url("max_over_time(rate(x[5m])[2h:1m]) > 1")).unwrap().largest_range,
            Some(Duration::from_hours(2))
        );
        assert_eq!(derive(&url("x > 1")).unwrap().largest_range, None);
    }

    #[test]
    fn the_forms_of_other_programs_are_read_or_refused_with_a_reason() {
        let thanos = "https://thanos/graph?g0.expr=up+%3D%3D+0&g0.tab=1";
        assert_eq!(derive(thanos).unwrap().text, "up");
        let vmui = "http://vm:8428/vmui/#/?g0.expr=up%20%3C%201&g0.range_input=1h";
        assert_eq!(derive(vmui).map(|derived| derived.measure), Ok(Measure::LowestMetric));
        for (url, reason) in [
            ("http://vmalert:8880/vmalert/alert?group_id=1&alert_id=2", "holds no expression"),
            ("https://grafana/alerting/grafana/abc/view?orgId=1", "holds no expression"),
            ("", "no address"),
            ("/graph?g0.expr=up", "no address"),
            ("http://prom/graph?g0.expr=", "holds no expression"),
            ("http://prom/graph?g0.expr=sum(", "it is not PromQL"),
        ] {
            let refusal = derive(url).unwrap_err();
            assert!(refusal.contains(reason), "{url}: {refusal}");
        }
    }

    #[test]
    fn a_generator_belongs_to_the_address_that_it_begins_with() {
        let check = |address: &str, url: &str, expected: Option<usize>| {
            assert_eq!(Address::parse(address).unwrap().begins(url), expected, "{address}: {url}");
        };
        check("http://prom:9090", "http://prom:9090/graph?g0.expr=up", Some(0));
        check("http://prom:9090/", "http://PROM:9090/graph", Some(0));
        check("https://ops.example/prometheus/", "https://ops.example:443/prometheus/graph?x", Some(11));
        check("https://ops.example/prometheus", "https://ops.example/prometheus2/graph", None);
        check("http://prom:9090", "http://prom:9091/graph", None);
        check("http://prom:9090", "https://prom:9090/graph", None);
        check("http://prom", "http://prom.evil.example/graph", None);
        check("http://prom", "http://prom@evil.example/graph", None);
        check("http://prom", "not an address", None);
        assert!(Address::parse("ftp://prom").is_err() && Address::parse("prom:9090").is_err());
    }

    #[test]
    fn an_expression_from_anywhere_cannot_exhaust_the_stack() {
        let forms = [
            ("(", ")"),
            ("-", ""),
            ("x+", ""),
            ("x^", ""),
            ("abs(", ")"),
            ("sum(", ")"),
            ("x and ", ""),
            ("x > ", ""),
            ("x oR ", ""),
            ("", "[1m:1m]"),
            ("x atan2 ", ""),
            ("- -", ""),
            ("x==bool ", ""),
            ("# it's\n-", ""),
            ("# it's\r-", ""),
            ("`\\`-", ""),
        ];
        for (open, close) in forms {
            for count in [1, 100, 400, 20_000] {
                let text = format!("{}x{}", open.repeat(count), close.repeat(count));
                let small = std::thread::Builder::new().stack_size(1 << 20);
                let derived = small.spawn(move || derive(&url(&text))).unwrap().join().unwrap();
                assert!(count < 20_000 || derived.is_err(), "{open}x{close}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_address_panics(expression in "[a-z0-9{}\\[\\]()\"'<>=!~ .,:@+*/^%-]{0,60}", text in ".*") {
            let _ = (derive(&url(&expression)), derive(&text));
        }
    }
}
