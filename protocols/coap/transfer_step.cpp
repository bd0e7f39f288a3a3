#include "protocols/coap/transfer_step.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace homepatch::coap {

namespace {

Result<std::string> read_piece(const OpenImage& image, const Push::Piece& piece) {
  std::string out(piece.size, '\0');
  const auto got = ::pread(image.fd, out.data(), out.size(), static_cast<off_t>(piece.offset));
  if (got < 0) return fail(errno_error("reading the image", errno));
  if (static_cast<std::size_t>(got) != out.size()) return fail(Errc::io, "the image is shorter than it should be");
  return out;
}

}  // namespace

TransferStep::TransferStep(Loop& loop, Lwm2mServer& server, DeliveryJob job, const DeliveryTimes& times,
                           DeliveryReports reports)
    : DeliveryStep(loop, server, std::move(job), times, std::move(reports)),
      push_(job_.images.empty() ? 0 : job_.images.front().length) {}

// Not the device's failure: it was never spoken to.
void TransferStep::not_possible(const Error& error) {
  DeliveryFailed failure;
  failure.reason = Reason::offline;
  failure.counts = false;
  failure.text = error.text;
  finish(failure);
}

void TransferStep::run() {
  if (job_.images.empty() || job_.images.front().length == 0) {
    fail_with({Errc::internal, "there is no image to transfer"});
    return;
  }
  push_ = Push(job_.images.front().length, claim().block_exponent());
  read_state([this](Result<FirmwareState> state) {
    if (!state && !claim().is_awake()) {
      asleep();  // some listen for a shorter time than they should
    } else if (!state) {
      fail_with(state.error());
    } else {
      prepare(*state);
    }
  });
}

void TransferStep::prepare(FirmwareState state) {
  if (state == FirmwareState::updating) {
    fail_with(Reason::transfer_refused, true, "the device is installing another package now");
  } else if (state == FirmwareState::idle) {
    send_piece();
  } else {
    // Whatever it holds cannot be proven to be this image: begin clean.
    reset_package([this](Result<FirmwareState> after) {
      if (!after) {
        fail_with(after.error());
      } else if (*after == FirmwareState::idle) {
        send_piece();
      } else {
        fail_with(Reason::transfer_refused, true, "the device does not let go of a package that it holds");
      }
    });
  }
}

void TransferStep::send_piece() {
  const auto piece = push_.piece();
  auto bytes = read_piece(job_.images.front(), piece);
  if (!bytes) {
    fail_with(bytes.error());
    return;
  }
  Request request = write(root(), resource::kPackage, kOctets, std::move(*bytes));
  if (!push_.names_format()) request.content_format.reset();
  request.token = token_;
  request.block1 = piece.block;
  const bool first = piece.offset == 0;
  if (first) request.size1 = static_cast<std::uint32_t>(job_.images.front().length);
  ask(std::move(request), first ? times_.first_block : times_.ordinary,
      [this](Result<Response> response) { take(std::move(response)); });
}

void TransferStep::take(Result<Response> response) {
  if (!response) {
    take_silence(response.error());
    return;
  }
  const bool first = push_.done() == 0;
  const auto judgement = push_.take(*response);
  if (first && push_.done() > 0) claim().learn_block_exponent(push_.exponent());
  switch (judgement.kind) {
    case Push::Judgement::Kind::proceed:
      if (report_progress()) send_piece();
      break;
    case Push::Judgement::Kind::wait: wait(judgement.wait, [this] { send_piece(); }); break;
    case Push::Judgement::Kind::whole: verify(); break;
    case Push::Judgement::Kind::doubtful: settle_doubt(); break;
    case Push::Judgement::Kind::refused: explain_refusal(judgement); break;
  }
}

// One that answers other questions may only have found the first block too large.
void TransferStep::take_silence(const Error& error) {
  const auto text = fmt::format("at byte {} of {}: {}", push_.done(), job_.images.front().length, error.text);
  if (error.code != Errc::unavailable || !push_.shrink_after_silence()) {
    fail_with(Reason::transfer_failed, true, text);
    return;
  }
  ask(read(root(), resource::kState, claim().accept()), times_.ordinary,
      [this, text](const Result<Response>& response) {
        if (response) {
          send_piece();
        } else {
          fail_with(Reason::transfer_failed, true, text);
        }
      });
}

bool TransferStep::report_progress() {
  if (loop_.monotonic() - last_progress_ < times_.progress_each) return true;
  last_progress_ = loop_.monotonic();
  return report({push_.done(), job_.images.front().length});
}

// The answer to the last block was lost, and its repetition met a transfer that the device had closed (4.04, 4.08): its
// State tells whether it has everything.
void TransferStep::settle_doubt() {
  read_state([this](const Result<FirmwareState>& state) {
    if (!state) {
      fail_with(state.error());
    } else if (*state == FirmwareState::downloaded || *state == FirmwareState::updating) {
      finish(Transferred{});
    } else if (push_.restart()) {
      prepare(*state);
    } else {
      judge_idle();
    }
  });
}

// Its Update Result says more than a response code.
void TransferStep::explain_refusal(const Push::Judgement& judgement) {
  read_number(resource::kUpdateResult, [this, judgement](const Result<std::int64_t>& result) {
    if (auto failure = result ? transfer_failure(*result) : std::nullopt) {
      failure->text += " (" + judgement.why + ")";
      finish(std::move(*failure));
    } else {
      fail_with(Reason::transfer_refused, judgement.may_retry, judgement.why);
    }
  });
}

void TransferStep::verify() {
  verifying_ = true;
  verify_until_ = loop_.monotonic() + times_.verify;
  if (report({job_.images.front().length, job_.images.front().length})) check();
}

void TransferStep::state_told(std::int64_t) {
  if (verifying_ && !checking_) check();
}

void TransferStep::check() {
  checking_ = true;
  read_state([this](const Result<FirmwareState>& state) {
    checking_ = false;
    // A device that is busy checking the package may not answer in time; only the clock ends the waiting.
    judge(state ? *state : FirmwareState::downloading);
  });
}

void TransferStep::judge(FirmwareState state) {
  if (state == FirmwareState::downloaded || state == FirmwareState::updating) {
    finish(Transferred{});
  } else if (state == FirmwareState::idle) {
    judge_idle();
  } else if (loop_.monotonic() >= verify_until_) {
    fail_with(Reason::transfer_stalled, true, "the device took every block but does not say that it has the package");
  } else {
    wait(times_.poll, [this] { check(); });
  }
}

// Idle with a failure as its result, or idle because it has not got round to saying more.
void TransferStep::judge_idle() {
  checking_ = true;
  read_number(resource::kUpdateResult, [this](const Result<std::int64_t>& result) {
    checking_ = false;
    if (auto failure = result ? transfer_failure(*result) : std::nullopt) {
      finish(std::move(*failure));
    } else if (!verifying_) {
      fail_with(Reason::transfer_failed, true, "the device lost blocks again and again");
    } else {
      judge(FirmwareState::downloading);
    }
  });
}

void TransferStep::fail_with(Reason reason, bool may_retry, std::string text) {
  DeliveryFailed failure;
  failure.reason = reason;
  failure.may_retry = may_retry;
  failure.text = std::move(text);
  finish(failure);
}

void TransferStep::fail_with(const Error& error) {
  DeliveryFailed failure;
  failure.reason = Reason::transfer_failed;
  // An image that cannot be read here is not the device's doing.
  failure.counts = error.code != Errc::io && error.code != Errc::internal;
  failure.text = error.text;
  finish(failure);
}

}  // namespace homepatch::coap
