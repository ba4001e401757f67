#include "eval/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace idiolect {
namespace {

// All users' sums as rows of one matrix, so that a resample is additions alone.
struct Matrix {
  std::vector<std::string> names;
  std::vector<std::vector<double>> rows;
};

Matrix ToMatrix(const std::vector<Sums>& users) {
  std::map<std::string, size_t> columns;
  for (const Sums& user : users) {
    for (const auto& [name, value] : user.values()) columns.emplace(name, 0);
  }
  Matrix m;
  for (auto& [name, column] : columns) {
    column = m.names.size();
    m.names.push_back(name);
  }
  for (const Sums& user : users) {
    auto& row = m.rows.emplace_back(m.names.size(), 0.0);
    for (const auto& [name, value] : user.values()) row[columns[name]] = value;
  }
  return m;
}

Sums Resample(const Matrix& m, std::mt19937_64& random) {
  std::vector<double> total(m.names.size(), 0.0);
  for (size_t i = 0; i < m.rows.size(); ++i) {
    const double unit = static_cast<double>(random() >> 11) * 0x1.0p-53;
    const auto& row = m.rows[static_cast<size_t>(unit * static_cast<double>(m.rows.size()))];
    for (size_t c = 0; c < total.size(); ++c) total[c] += row[c];
  }
  Sums sums;
  for (size_t c = 0; c < total.size(); ++c) sums.Add(m.names[c], total[c]);
  return sums;
}

// By linear interpolation between the order statistics.
double Quantile(const std::vector<double>& sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Interval IntervalOf(std::vector<double> values, double level) {
  std::erase_if(values, [](double v) { return std::isnan(v); });
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (values.empty()) return {nan, nan};
  std::sort(values.begin(), values.end());
  return {Quantile(values, (1 - level) / 2), Quantile(values, (1 + level) / 2)};
}

}  // namespace

std::vector<Interval> BootstrapIntervals(const std::vector<Sums>& users, const std::vector<Statistic>& statistics,
                                         int resamples, double level, uint64_t seed) {
  const Matrix matrix = ToMatrix(users);
  std::mt19937_64 random(seed);
  std::vector<std::vector<double>> values(statistics.size());
  for (int i = 0; i < resamples && !users.empty(); ++i) {
    const Sums sums = Resample(matrix, random);
    for (size_t k = 0; k < statistics.size(); ++k) values[k].push_back(statistics[k].value(sums));
  }
  std::vector<Interval> intervals;
  for (auto& v : values) intervals.push_back(IntervalOf(std::move(v), level));
  return intervals;
}

}  // namespace idiolect
