//! A bar chart as SVG, on no background of its own.

/// Bars under a title.
pub(crate) struct Group {
    pub(crate) title: String,
    pub(crate) bars: Vec<Bar>,
}

/// A time, as a multiple of ours.
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) ratio: f64,
    pub(crate) kind: Kind,
}

/// Whose time it is, which is the colour of the bar.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Floor,
    Ours,
    Other,
}

/// The heights of a title and of a bar, the width of the names, and that of the longest bar.
const TITLE: usize = 30;
const BAR: usize = 18;
const NAMES: f64 = 170.0;
const LONGEST: f64 = 480.0;

/// Colours that stand out on white; and on black, where the reader prefers that.
const STYLE: &str = "text{fill:#24292f}.title{font-weight:bold}.floor{fill:#bf8700}\
    .ours{fill:#0969da}.other{fill:#8c959f}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}.ours{fill:#58a6ff}.other{fill:#848d97}}";

/// Draws the groups, one below the other.
pub(crate) fn svg(groups: &[Group]) -> String {
    let height: usize = groups.iter().map(|group| TITLE + BAR * group.bars.len()).sum();
    let width = NAMES + LONGEST + 70.0;
    let ratios = groups.iter().flat_map(|group| &group.bars).map(|bar| bar.ratio);
    let scale = LONGEST / ratios.fold(1.0, f64::max);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {0}\" width=\"{width:.0}\" height=\"{0}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <title>Time, as a multiple of rolecall's: shorter is faster</title>\n<style>{STYLE}</style>\n",
        height + 10
    );
    let mut top = 0;
    for group in groups {
        out += &format!("<text class=\"title\" x=\"0\" y=\"{}\">{}</text>\n", top + 20, group.title);
        top += TITLE;
        for Bar { name, ratio, kind } in &group.bars {
            let class = match kind {
                Kind::Floor => "floor",
                Kind::Ours => "ours",
                Kind::Other => "other",
            };
            let (length, base) = (ratio * scale, top + 13);
            out += &format!(
                "<text x=\"{:.0}\" y=\"{base}\" text-anchor=\"end\">{name}</text>\
                 <rect class=\"{class}\" x=\"{NAMES}\" y=\"{}\" width=\"{length:.1}\" height=\"{}\"/>\
                 <text x=\"{:.1}\" y=\"{base}\">{ratio:.2}x</text>\n",
                NAMES - 8.0,
                top + 2,
                BAR - 4,
                NAMES + length + 6.0,
            );
            top += BAR;
        }
    }
    out + "</svg>\n"
}
