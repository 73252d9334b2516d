#include "crypto/rsa_weakness.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "crypto/openssl_handle.h"

namespace certwright::crypto {
namespace {

__extension__ typedef unsigned __int128 Wide;  // GCC and clang both have it on 64-bit machines

// Trial division, many primes at once: their product in one word, the modulus reduced by it with
// Montgomery's method (which keeps "is divisible by p"), then each prime tried on one word.
struct TrialPrime {
  std::uint32_t prime;
  std::uint64_t inverse;   // modulo 2^64: x is a multiple of the prime iff x * inverse <= limit
  std::uint64_t limit;     // floor((2^64 - 1) / prime)
};
struct TrialGroup {
  std::uint64_t product;
  std::uint64_t inverse;
  std::size_t first;
  std::size_t count;
};
struct TrialTable {
  std::vector<TrialPrime> primes;
  std::vector<TrialGroup> groups;
};

std::uint64_t inverse_modulo_2_64(std::uint64_t odd) noexcept {
  std::uint64_t inverse = odd;  // right to 3 bits; each step doubles them
  for (int i = 0; i < 5; ++i) inverse *= 2 - odd * inverse;
  return inverse;
}

TrialTable make_trial_table() {
  TrialTable table;
  std::vector<bool> composite(kTrialDivisionLimit);
  for (std::uint32_t p = 3; p < kTrialDivisionLimit; p += 2) {
    if (composite[p]) continue;
    for (std::uint64_t m = std::uint64_t{p} * p; m < kTrialDivisionLimit; m += 2 * p)
      composite[m] = true;
    table.primes.push_back({p, inverse_modulo_2_64(p), ~std::uint64_t{0} / p});
  }
  for (std::size_t i = 0; i < table.primes.size();) {
    TrialGroup group{1, 0, i, 0};
    for (; i < table.primes.size(); ++i, ++group.count) {
      const Wide next = Wide{group.product} * table.primes[i].prime;
      if (next >> 63 != 0) break;
      group.product = static_cast<std::uint64_t>(next);
    }
    group.inverse = inverse_modulo_2_64(group.product);
    table.groups.push_back(group);
  }
  return table;
}

const TrialTable& trial_table() {
  static const TrialTable table = make_trial_table();
  return table;
}

// One limb of Montgomery reduction: (sum + limb) / 2^64 modulo the group's product.
inline std::uint64_t reduce_limb(std::uint64_t sum, std::uint64_t limb,
                                 const TrialGroup& group) noexcept {
  const Wide total = Wide{sum} + limb;
  const std::uint64_t quotient = static_cast<std::uint64_t>(total) * group.inverse;
  const auto taken = static_cast<std::uint64_t>(Wide{quotient} * group.product >> 64);
  const auto high = static_cast<std::uint64_t>(total >> 64);
  return high >= taken ? high - taken : high - taken + group.product;
}

// Remainder of the number modulo a small one, for the few that must be exact.
std::uint64_t remainder(std::span<const std::uint64_t> limbs, std::uint64_t divisor) noexcept {
  std::uint64_t rest = 0;  // 32 bits at a time: `divisor` is below 2^32
  for (std::size_t i = limbs.size(); i-- > 0;) {
    rest = (rest << 32 | limbs[i] >> 32) % divisor;
    rest = (rest << 32 | (limbs[i] & 0xffffffff)) % divisor;
  }
  return rest;
}

constexpr std::array<std::uint8_t, 38> kRocaPrimes = {
    3,  5,  7,  11, 13, 17, 19, 23,  29,  31,  37,  41,  43,  47,  53,  59,  61,  67,  71,
    73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};

struct RocaTable {
  bool is_power[kRocaPrimes.size()][168] = {};
  constexpr RocaTable() {
    for (std::size_t i = 0; i < kRocaPrimes.size(); ++i) {
      const unsigned prime = kRocaPrimes[i];
      for (unsigned power = 1; !is_power[i][power]; power = power * 65537u % prime)
        is_power[i][power] = true;
    }
  }
};
constexpr RocaTable kRoca;

// The primes in groups whose products fit 32 bits, so that there is one long division a group.
constexpr std::size_t kRocaGroupEnds[] = {9, 14, 19, 24, 28, 32, 36, 38};

}  // namespace

std::vector<std::uint64_t> to_limbs(ByteView magnitude) {
  std::vector<std::uint64_t> limbs((magnitude.size() + 7) / 8);
  for (std::size_t i = 0; i < magnitude.size(); ++i)
    limbs[i / 8] |= std::uint64_t{magnitude[magnitude.size() - 1 - i]} << (8 * (i % 8));
  return limbs;
}

std::uint32_t small_factor(std::span<const std::uint64_t> limbs) noexcept {
  const TrialTable& table = trial_table();
  constexpr std::size_t kTogether = 8;  // chains of multiplications that overlap in the processor
  for (std::size_t start = 0; start < table.groups.size(); start += kTogether) {
    const std::size_t count = std::min(kTogether, table.groups.size() - start);
    std::array<std::uint64_t, kTogether> sums{};
    std::array<TrialGroup, kTogether> groups;
    for (std::size_t i = 0; i < kTogether; ++i)
      groups[i] = table.groups[start + std::min(i, count - 1)];
    for (const std::uint64_t limb : limbs)
      for (std::size_t i = 0; i < kTogether; ++i)
        sums[i] = reduce_limb(sums[i], limb, groups[i]);
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t p = groups[i].first; p < groups[i].first + groups[i].count; ++p)
        if (sums[i] * table.primes[p].inverse <= table.primes[p].limit)
          return table.primes[p].prime;
  }
  return 0;
}

bool has_roca_fingerprint(std::span<const std::uint64_t> limbs) noexcept {
  std::size_t first = 0;
  for (const std::size_t end : kRocaGroupEnds) {
    std::uint64_t product = 1;
    for (std::size_t i = first; i < end; ++i) product *= kRocaPrimes[i];
    const std::uint64_t rest = remainder(limbs, product);
    for (std::size_t i = first; i < end; ++i)
      if (!kRoca.is_power[i][rest % kRocaPrimes[i]]) return false;
    first = end;
  }
  return true;
}

namespace {

// root = floor(sqrt(number)), by Newton's method from above.
bool integer_root(const BIGNUM* number, BIGNUM* root, BN_CTX* context) noexcept {
  // The first digits from floating point, rounded up: saves half of the steps.
  const int bits = BN_num_bits(number);
  const int shift = (bits > 62 ? bits - 62 : 0) & ~1;
  const Bignum next(BN_new());
  if (!next || BN_rshift(next.get(), number, shift) != 1) return false;
  const double start = std::sqrt(static_cast<double>(BN_get_word(next.get()))) + 2.0;
  if (BN_set_word(next.get(), static_cast<BN_ULONG>(start)) != 1 ||
      BN_lshift(next.get(), next.get(), shift / 2) != 1)
    return false;
  do {
    if (BN_copy(root, next.get()) == nullptr ||
        BN_div(next.get(), nullptr, number, root, context) != 1 ||
        BN_add(next.get(), next.get(), root) != 1 || BN_rshift1(next.get(), next.get()) != 1)
      return false;
  } while (BN_cmp(next.get(), root) < 0);
  return true;
}

bool is_square(const BIGNUM* number, BN_CTX* context) noexcept {
  const Bignum root(BN_new());
  return root && integer_root(number, root.get(), context) &&
         BN_sqr(root.get(), root.get(), context) == 1 && BN_cmp(root.get(), number) == 0;
}

// Squares modulo a few numbers: what is not one there is none at all.
constexpr std::array<std::uint32_t, 7> kSquareModuli = {64, 63, 65, 11, 17, 19, 23};
struct SquareTable {
  bool is_square[kSquareModuli.size()][65] = {};
  constexpr SquareTable() {
    for (std::size_t i = 0; i < kSquareModuli.size(); ++i)
      for (std::uint32_t x = 0; x < kSquareModuli[i]; ++x)
        is_square[i][x * x % kSquareModuli[i]] = true;
  }
};
constexpr SquareTable kSquares;
constexpr std::uint64_t kSquareProduct = 64ull * 63 * 65 * 11 * 17 * 19 * 23;

bool may_be_square(std::uint64_t rest) noexcept {
  for (std::size_t i = 0; i < kSquareModuli.size(); ++i)
    if (!kSquares.is_square[i][rest % kSquareModuli[i]]) return false;
  return true;
}

}  // namespace

// a^2 - n = b^2 for the first a from sqrt(n) up: then n = (a - b)(a + b).
bool has_close_factors(ByteView modulus) noexcept {
  constexpr std::uint64_t kSteps = 100;
  const BignumContext context(BN_CTX_new());
  const Bignum n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
  const Bignum a(BN_new());
  const Bignum difference(BN_new());
  if (!context || !n || !a || !difference) abort_without("big numbers");
  const auto set_difference = [&] {
    return BN_sqr(difference.get(), a.get(), context.get()) == 1 &&
           BN_sub(difference.get(), difference.get(), n.get()) == 1;
  };
  if (!integer_root(n.get(), a.get(), context.get()) || !set_difference())
    abort_without("big numbers");
  if (BN_is_zero(difference.get())) return true;
  if (BN_add_word(a.get(), 1) != 1 || !set_difference()) abort_without("big numbers");
  // The steps run modulo a word; only what may be a square is computed in full.
  std::uint64_t a_rest = BN_mod_word(a.get(), kSquareProduct);
  std::uint64_t difference_rest = BN_mod_word(difference.get(), kSquareProduct);
  std::uint64_t done = 0;
  for (std::uint64_t step = 0; step < kSteps; ++step) {
    if (may_be_square(difference_rest)) {
      if (BN_add_word(a.get(), step - done) != 1 || !set_difference())
        abort_without("big numbers");
      done = step;
      if (is_square(difference.get(), context.get())) return true;
    }
    difference_rest = (difference_rest + 2 * a_rest + 1) % kSquareProduct;
    a_rest = (a_rest + 1) % kSquareProduct;
  }
  return false;
}

}  // namespace certwright::crypto
