#include "chart/svg_chart.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "chart/ticks.h"

namespace idiolect {
namespace {

constexpr double kWidth = 640, kHeight = 400, kLeft = 70, kRight = 20, kTop = 40, kBottom = 50;
// Told apart by the colour-blind as well: Okabe and Ito's.
constexpr const char* kColours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};

std::string Escape(const std::string& text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

struct Axis {
  std::vector<double> ticks;
  double from, to;  // places on the paper of the first and last tick
  double operator()(double value) const {
    return from + (value - ticks.front()) / (ticks.back() - ticks.front()) * (to - from);
  }
};

class Drawing {
 public:
  explicit Drawing(const Chart& chart) : chart_(chart) { FindAxes(); }

  std::string Svg() {
    absl::StrAppendFormat(&out_,
                          "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" width=\"%g\" height=\"%g\" "
                          "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" "
                          "fill=\"white\"/>\n",
                          kWidth, kHeight, kWidth, kHeight);
    Text(kWidth / 2, 22, "middle", chart_.title, "font-size=\"15\"");
    Frame();
    for (size_t i = 0; i < chart_.series.size(); ++i) chart_.bars ? Bars(chart_.series[i]) : Line(i);
    if (chart_.series.size() > 1) Legend();
    return out_ + "</svg>\n";
  }

 private:
  void FindAxes() {
    double x0 = INFINITY, x1 = -INFINITY, y0 = chart_.from_zero ? 0 : INFINITY, y1 = chart_.from_zero ? 0 : -INFINITY;
    for (const ChartSeries& series : chart_.series) {
      for (const ChartPoint& p : series.points) {
        if (!std::isfinite(p.y)) continue;
        x0 = std::min(x0, p.x);
        x1 = std::max(x1, p.x);
        y0 = std::min({y0, p.y, std::isfinite(p.low) ? p.low : p.y});
        y1 = std::max({y1, p.y, std::isfinite(p.high) ? p.high : p.y});
      }
    }
    if (!std::isfinite(x0)) x0 = x1 = y0 = y1 = 0;
    const double margin = chart_.bars ? 0.6 : 0;
    x_ = {AxisTicks(x0, x1, 8), kLeft, kWidth - kRight};
    if (chart_.bars) x_.ticks.front() = x0 - margin, x_.ticks.back() = x1 + margin;
    y_ = {AxisTicks(y0, y1, 6), kHeight - kBottom, kTop};
  }

  void Text(double x, double y, const char* anchor, const std::string& text, const char* more = "") {
    absl::StrAppendFormat(&out_, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" %s>%s</text>\n", x, y, anchor, more,
                          Escape(text));
  }

  void Stroke(double x1, double y1, double x2, double y2, const char* colour) {
    absl::StrAppendFormat(&out_, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x1, y1, x2,
                          y2, colour);
  }

  void Frame() {
    for (const double y : y_.ticks) {
      Stroke(kLeft, y_(y), kWidth - kRight, y_(y), "#dddddd");
      Text(kLeft - 8, y_(y) + 4, "end", absl::StrFormat("%g", y));
    }
    for (const double x : XLabels()) Text(x_(x), kHeight - kBottom + 18, "middle", absl::StrFormat("%g", x));
    Stroke(kLeft, kHeight - kBottom, kWidth - kRight, kHeight - kBottom, "black");
    Stroke(kLeft, kTop, kLeft, kHeight - kBottom, "black");
    Text((kLeft + kWidth - kRight) / 2, kHeight - 12, "middle", chart_.x_label);
    Text(18, (kTop + kHeight - kBottom) / 2, "middle", chart_.y_label,
         absl::StrFormat("transform=\"rotate(-90 18 %g)\"", (kTop + kHeight - kBottom) / 2).c_str());
  }

  // Under bars each has its number; otherwise the ticks.
  std::vector<double> XLabels() const {
    if (!chart_.bars || chart_.series.empty()) return x_.ticks;
    std::vector<double> labels;
    for (const ChartPoint& p : chart_.series[0].points) labels.push_back(p.x);
    return labels;
  }

  void Line(size_t index) {
    const char* colour = kColours[index % std::size(kColours)];
    std::string path, band, back;
    for (const ChartPoint& p : chart_.series[index].points) {
      if (!std::isfinite(p.y)) continue;
      absl::StrAppendFormat(&path, "%.1f,%.1f ", x_(p.x), y_(p.y));
      absl::StrAppendFormat(&out_, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", x_(p.x), y_(p.y), colour);
      if (!std::isfinite(p.low) || !std::isfinite(p.high)) continue;
      absl::StrAppendFormat(&band, "%.1f,%.1f ", x_(p.x), y_(p.high));
      back = absl::StrFormat("%.1f,%.1f ", x_(p.x), y_(p.low)) + back;
    }
    if (!band.empty())
      absl::StrAppendFormat(&out_, "<polygon points=\"%s\" fill=\"%s\" opacity=\"0.15\"/>\n", band + back, colour);
    absl::StrAppendFormat(&out_, "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", path,
                          colour);
  }

  void Bars(const ChartSeries& series) {
    const double half = 0.35 * (x_(1) - x_(0)), ground = y_(std::max(0.0, y_.ticks.front()));
    for (const ChartPoint& p : series.points) {
      if (!std::isfinite(p.y)) continue;
      absl::StrAppendFormat(&out_, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n",
                            x_(p.x) - half, std::min(ground, y_(p.y)), 2 * half, std::abs(ground - y_(p.y)),
                            kColours[0]);
      if (std::isfinite(p.low) && std::isfinite(p.high)) Stroke(x_(p.x), y_(p.low), x_(p.x), y_(p.high), "black");
    }
  }

  void Legend() {
    for (size_t i = 0; i < chart_.series.size(); ++i) {
      const double y = kTop + 14 + 18 * static_cast<double>(i), x = kWidth - kRight - 150;
      absl::StrAppendFormat(&out_, "<rect x=\"%g\" y=\"%g\" width=\"12\" height=\"12\" fill=\"%s\"/>\n", x, y - 10,
                            kColours[i % std::size(kColours)]);
      Text(x + 18, y, "start", chart_.series[i].name);
    }
  }

  const Chart& chart_;
  Axis x_, y_;
  std::string out_;
};

}  // namespace

std::string ToSvg(const Chart& chart) { return Drawing(chart).Svg(); }

}  // namespace idiolect
