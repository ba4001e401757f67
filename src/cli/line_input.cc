#include "cli/line_input.h"

#include <histedit.h>

#include <cstdio>
#include <istream>

#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

class PlainInput : public LineInput {
 public:
  explicit PlainInput(std::istream& in) : in_(in) {}
  bool Next(const std::string& prompt, std::string& line) override {
    if (!std::getline(in_, line)) return false;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return true;
  }

 private:
  std::istream& in_;
};

class TerminalInput : public LineInput {
 public:
  explicit TerminalInput(const Paint& paint)
      : paint_(paint), editor_(el_init("idiolect", stdin, stdout, stderr)), history_(history_init()) {
    HistEvent event;
    history(history_, &event, H_SETSIZE, 500);
    history(history_, &event, H_SETUNIQUE, 1);
    el_set(editor_, EL_CLIENTDATA, this);
    el_set(editor_, EL_EDITOR, "emacs");
    el_set(editor_, EL_SIGNAL, 1);
    el_set(editor_, EL_HIST, history, history_);
    el_set(editor_, EL_PROMPT_ESC, &TerminalInput::Prompt, kEscape);
  }

  ~TerminalInput() override {
    el_end(editor_);
    history_end(history_);
  }

  bool Next(const std::string& prompt, std::string& line) override {
    // The space comes after the colour's end: the editor drops a code that no character follows.
    prompt_ = WithEscapesMarked(paint_.Dim(prompt)) + " ";
    int count = 0;
    const char* text = el_gets(editor_, &count);
    if (text == nullptr || count <= 0) {
      std::puts("");  // Ctrl-D leaves the cursor behind the prompt
      return false;
    }
    line.assign(text, count);
    if (line.back() == '\n') line.pop_back();
    HistEvent event;
    if (!line.empty()) history(history_, &event, H_ENTER, line.c_str());
    return true;
  }

 private:
  static constexpr char kEscape = '\1';

  static char* Prompt(EditLine* editor) {
    TerminalInput* self = nullptr;
    el_get(editor, EL_CLIENTDATA, &self);
    return self->prompt_.data();
  }

  // The editor counts the prompt's columns and must be told which bytes are colours.
  static std::string WithEscapesMarked(const std::string& prompt) {
    std::string marked;
    bool in_code = false;
    for (const char c : prompt) {
      if (c == '\033') marked += kEscape;
      in_code = in_code || c == '\033';
      marked += c;
      if (in_code && c == 'm') {
        marked += kEscape;
        in_code = false;
      }
    }
    return marked;
  }

  const Paint paint_;
  EditLine* const editor_;
  History* const history_;
  std::string prompt_;
};

}  // namespace

std::unique_ptr<LineInput> MakeLineInput(Console& console) {
  if (console.in_is_terminal && console.out_is_terminal) return std::make_unique<TerminalInput>(console.paint);
  return std::make_unique<PlainInput>(console.in);
}

}  // namespace idiolect
