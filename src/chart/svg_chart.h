// A chart as an SVG file: lines with their confidence bands, or bars. Plain enough for a paper, readable on its own.
#pragma once

#include <limits>
#include <string>
#include <vector>

namespace idiolect {

struct ChartPoint {
  double x = 0, y = 0;  // points with a y that is not finite are left out
  // The interval of y; not drawn where it is NaN.
  double low = std::numeric_limits<double>::quiet_NaN(), high = std::numeric_limits<double>::quiet_NaN();
};

struct ChartSeries {
  std::string name;
  std::vector<ChartPoint> points;
};

struct Chart {
  std::string title, x_label, y_label;
  std::vector<ChartSeries> series;
  bool bars = false;       // of the first series
  bool from_zero = false;  // the y axis begins at 0
};

// Of no point at all an empty frame. Texts are escaped.
std::string ToSvg(const Chart& chart);

}  // namespace idiolect
