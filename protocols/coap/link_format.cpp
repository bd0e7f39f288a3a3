#include "protocols/coap/link_format.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace homepatch::coap {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// RFC 6690's parmname and ptoken: printable ASCII without what ends or structures a parameter.
bool is_name(char c) {
  return c > ' ' && c < 0x7F && std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
}
bool is_token(char c) { return c > ' ' && c < 0x7F && std::string_view("\",;<>\\").find(c) == std::string_view::npos; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<Link>> links() {
    std::vector<Link> out;
    skip_space();
    if (at_end()) return out;
    while (true) {
      if (out.size() >= kMaxLinks) return fail(Errc::too_large, fmt::format("more than {} links", kMaxLinks));
      auto next = TRY(link());
      out.push_back(std::move(next));
      if (at_end()) return out;
      if (!take(',')) return broken("',' between two links");
      skip_space();
    }
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] Unexpected broken(std::string_view expected) const {
    return fail(Errc::malformed, fmt::format("link format: {} expected at byte {}", expected, at_));
  }
  bool take(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] bool goes_on_after_space() const {
    return text_[at_] == ' ' && at_ + 1 < text_.size() && is_token(text_[at_ + 1]);
  }
  void skip_space() {
    while (!at_end() && is_space(text_[at_])) ++at_;
  }

  Result<Link> link() {
    Link out;
    if (!take('<')) return broken("'<'");
    out.target = TRY(target());
    skip_space();
    while (take(';')) {
      skip_space();
      if (out.parameters.size() >= kMaxLinkParameters) {
        return fail(Errc::too_large, fmt::format("a link with more than {} parameters", kMaxLinkParameters));
      }
      auto next = TRY(parameter());
      out.parameters.push_back(std::move(next));
      skip_space();
    }
    return out;
  }

  Result<std::string> target() {
    const auto start = at_;
    while (!at_end() && text_[at_] != '>') {
      if (text_[at_] <= ' ' || text_[at_] == '<' || text_[at_] == '"' || text_[at_] == 0x7F) return broken("a URI");
      ++at_;
    }
    const auto out = text_.substr(start, at_ - start);
    if (!take('>')) return broken("'>'");
    if (out.size() > kMaxLinkText) return fail(Errc::too_large, "a link's target is too long");
    return std::string(out);
  }

  Result<LinkParameter> parameter() {
    LinkParameter out;
    while (!at_end() && is_name(text_[at_])) out.name += lower(text_[at_++]);
    if (out.name.empty() || out.name.size() > kMaxLinkText) return broken("a parameter's name");
    if (!take('=')) return out;
    out.value = TRY(take('"') ? quoted() : token());
    return out;
  }

  Result<std::string> token() {
    const auto start = at_;
    // Lists have to be quoted; the field writes "ct=60 110" all the same.
    while (!at_end() && (is_token(text_[at_]) || goes_on_after_space())) ++at_;
    const auto out = text_.substr(start, at_ - start);
    if (out.empty() || out.size() > kMaxLinkText) return broken("a parameter's value");
    return std::string(out);
  }

  Result<std::string> quoted() {
    std::string out;
    while (!at_end() && text_[at_] != '"') {
      if (text_[at_] == '\\') ++at_;
      if (at_end()) break;
      out += text_[at_++];
      if (out.size() > kMaxLinkText) return fail(Errc::too_large, "a link parameter's value is too long");
    }
    if (!take('"')) return broken("'\"'");
    return out;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool matches(std::string_view value, std::string_view wanted) {
  if (wanted.ends_with('*')) return value.starts_with(wanted.substr(0, wanted.size() - 1));
  return value == wanted;
}

std::string quote(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

std::optional<std::string_view> Link::value(std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, &LinkParameter::name);
  if (found == parameters.end() || !found->value) return std::nullopt;
  return *found->value;
}

bool Link::lists(std::string_view name, std::string_view word) const {
  auto rest = value(name).value_or("");
  while (!rest.empty()) {
    const auto space = rest.find(' ');
    if (matches(rest.substr(0, space), word)) return true;
    rest = space == std::string_view::npos ? std::string_view() : rest.substr(space + 1);
  }
  return false;
}

Result<std::vector<Link>> parse_links(std::string_view text) {
  if (text.size() > kMaxLinkBytes) return fail(Errc::too_large, "link format of more than 64 KiB");
  return Parser(text).links();
}

bool passes(const Link& link, std::string_view filter) {
  const auto equals = filter.find('=');
  if (equals == std::string_view::npos) return true;
  const auto name = filter.substr(0, equals);
  const auto wanted = filter.substr(equals + 1);
  if (name == "href") return matches(link.target, wanted);
  const auto value = link.value(name);
  return value && (matches(*value, wanted) || link.lists(name, wanted));
}

std::string to_text(const std::vector<Link>& links) {
  std::string out;
  for (const auto& link : links) {
    out += fmt::format("{}<{}>", out.empty() ? "" : ",", link.target);
    for (const auto& parameter : link.parameters) {
      out += ';' + parameter.name;
      if (parameter.value) out += '=' + quote(*parameter.value);
    }
  }
  return out;
}

}  // namespace homepatch::coap
