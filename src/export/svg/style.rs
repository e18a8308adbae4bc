//! The colours of the picture, light and dark. Nothing is told by colour alone: what lacks has a pattern, marks have
//! words.

use std::fmt::Write;

crate::domain::named_enum! {
    /// In which colours a picture is drawn.
    Theme, "theme", "auto, light, dark" {
        /// In those that the reader's surroundings prefer; light where they do not say.
        Auto = "auto",
        /// On white.
        Light = "light",
        /// On black.
        Dark = "dark",
    }
}

/// The colours of one theme.
struct Palette {
    background: &'static str,
    border: &'static str,
    text: &'static str,
    quiet: &'static str,
    grid: &'static str,
    bar: &'static str,
    incident: &'static str,
    span: &'static str,
    lacking: &'static str,
}

const LIGHT: Palette = Palette {
    background: "#ffffff",
    border: "#d1d9e0",
    text: "#1f2328",
    quiet: "#59636e",
    grid: "#e4e8ec",
    bar: "#8390a0",
    incident: "#c2410c",
    span: "#fff1e8",
    lacking: "#9aa4af",
};

const DARK: Palette = Palette {
    background: "#0d1117",
    border: "#3d444d",
    text: "#f0f6fc",
    quiet: "#a3adb8",
    grid: "#262c35",
    bar: "#7d8896",
    incident: "#ff8f4a",
    span: "#2a1a10",
    lacking: "#6a7480",
};

/// The style sheet. Every rule is bound to the theme's own class: a page may hold several such pictures inline.
pub(super) fn sheet(theme: Theme) -> String {
    let root = class(theme);
    let mut sheet = format!(
        ".{root} text{{font-family:ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',\
         'Noto Sans',Arial,sans-serif;font-size:13px}}\
         .{root} .title{{font-size:19px;font-weight:600}}\
         .{root} .small{{font-size:12px}}\
         .{root} .strong{{font-weight:600}}\
         .{root} .partial{{fill-opacity:.45}}\
         .{root} .mark{{stroke-width:1.5}}\
         .{root} .close{{stroke-dasharray:5 3}}\
         .{root} .halo{{stroke-width:4;paint-order:stroke}}\n"
    );
    match theme {
        Theme::Light => colours(&mut sheet, root, &LIGHT),
        Theme::Dark => colours(&mut sheet, root, &DARK),
        Theme::Auto => {
            colours(&mut sheet, root, &LIGHT);
            sheet.push_str("@media (prefers-color-scheme:dark){\n");
            colours(&mut sheet, root, &DARK);
            sheet.push_str("}\n");
        }
    }
    sheet
}

/// The class of the picture's root.
pub(super) const fn class(theme: Theme) -> &'static str {
    match theme {
        Theme::Auto => "afterimage-auto",
        Theme::Light => "afterimage-light",
        Theme::Dark => "afterimage-dark",
    }
}

fn colours(sheet: &mut String, root: &str, palette: &Palette) {
    let Palette { background, border, text, quiet, grid, bar, incident, span, lacking } = palette;
    let rules = [
        ("paper", format!("fill:{background};stroke:{border}")),
        ("text", format!("fill:{text}")),
        ("quiet", format!("fill:{quiet}")),
        ("said", format!("fill:{incident}")),
        ("grid", format!("stroke:{grid}")),
        ("axis", format!("stroke:{lacking}")),
        ("bar", format!("fill:{bar}")),
        ("during", format!("fill:{incident}")),
        ("span", format!("fill:{span}")),
        ("mark", format!("stroke:{incident}")),
        ("hatch", format!("stroke:{lacking}")),
        ("dot", format!("fill:{lacking}")),
        ("halo", format!("stroke:{background}")),
    ];
    for (name, rule) in rules {
        let _ = write!(sheet, ".{root} .{name}{{{rule}}}");
    }
    sheet.push('\n');
}
