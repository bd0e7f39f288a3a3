// Fixed vectors made with foreign tools, never with our own code: the canonical bytes by python's securesystemslib
// (encode_canonical), keys and signatures over these bytes by the openssl command line.
#pragma once

#include <string_view>

namespace homepatch::vectors {

// As JSON, and its canonical form in hexadecimal.
inline constexpr std::string_view kJson =
    R"({"b": [1, -2, true, false, null, "line\nbreak \"quoted\" back\\slash \u00e9\u20ac\ud83d\ude00 \u0001\t\u007f"], "a": {}, )"
    R"("Z": {"\u00e9": 1, "z": 2, "": 3}, "n": 9223372036854775807, "m": -9223372036854775808, "\uffff": 0, "\ud800\udc00": 1})";
inline constexpr std::string_view kCanonicalHex =
    "7b225a223a7b22223a332c227a223a322c22c3a9223a317d2c2261223a7b7d2c2262223a5b312c2d322c747275652c66"
    "616c73652c6e756c6c2c226c696e650a627265616b205c2271756f7465645c22206261636b5c5c736c61736820c3a9e2"
    "82acf09f98802001097f225d2c226d223a2d393232333337323033363835343737353830382c226e223a393232333337"
    "323033363835343737353830372c22efbfbf223a302c22f0908080223a317d";

inline constexpr std::string_view kEd25519Key = "cf6aface20665cd59b4132b8eba89ba7b3b79c26dde6a9562ee82b5482a3b27d";
inline constexpr std::string_view kP256Key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZEzSCKg23u8Y+CgR4UFv2KdIZXEp\n"
    "D9vfQu3viBOTs9cZcdLp4tBcqHE0oWCb/6VRgZO+RABgNeoy01DrR+VO7A==\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view kP256KeyCompressed =
    "-----BEGIN PUBLIC KEY-----\n"
    "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACZEzSCKg23u8Y+CgR4UFv2KdIZXEp\n"
    "D9vfQu3viBOTs9c=\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view kP384Key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEMTf2jIb6tR3gnyNQhRRLKGltauagP9Wx\n"
    "xRE5MSRDM2uMw9rRUVNy6m1RU9jpXVSpDPlzwtohtI34R/mwYGup+q+eDWAk+Qdt\n"
    "fmeCo66dcWg/ek2UaAPz25C1pTBHvnSw\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view kRsa2048Key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAz5uHv5Dx6eql5AEtFDtt\n"
    "rHtJ+I7TjuwsEQEAcWPZ/wDAibCFF8LiX664+RdHxH759+Pt9f9b1WVQa5/ij9rJ\n"
    "he58vCWg94AH5u5DIQYx64CZbmCdLZzkPSi8/EbBbm7ba3tKG47HkBmIzx96fNvk\n"
    "7O2kx9RUH4M8JTyiWPOoLAjoc8qa06UnFELdBsDvNcvf9wpG3ftAfUHh1224VqXU\n"
    "d5y25WcY1NTqxA+3c8qnZ8T1nVuEHtK8P3U6ZFITXgkM7wKxGDeXMcTBCyfgeL49\n"
    "QYHF+HXEIL0tfR837Pb+eECzjEZ8JK8CIfuSatEUYRGQfvlfT0bslPXwM4fchwLs\n"
    "nwIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view kRsa1024Key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCq7hZE1wuxoRKA4lhysmyjfMFZ\n"
    "1s1yHQnfLHUp0Kkr5fzOeKyV8VBMLThf1BTVAfvbKf3NmQTc3cnQIjXLVHSZDhp4\n"
    "2uxHYqY3jnPMcuaRzGvvWnU5AaegVPo9aCYBVzfDK3h/1G7lHcTK+h45eTkuJFMy\n"
    "DAA6plbDA3Gy0POZdwIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

inline constexpr std::string_view kEd25519Signature =
    "ef511f8a1371d2e796f128e089eedc65efe0f1d5eededd31275e988a26bbcfa4680c09e84ff45cf6873f5d2ec05bb515"
    "067a365217c09820d72b2d9ebf499401";
inline constexpr std::string_view kP256Signature =
    "304402203c35fe5fe2b4198e3fb1ea6b6944eb503f8e99f8d5ce866d6b658f977d01c2f802205137857447cd836c4b25"
    "e148941020890b36288846728d1b53758daf53dbb2cf";
inline constexpr std::string_view kP384Signature =
    "3065023100d03e761091246a5ecf3f4eb3579a84c980f6e834ec108ea2934fa37695b3f2d74867f3d00a0236003a88b6"
    "a31f6d73ef02301bb083d613562caed09878a36d2c49ce3687429079e3a8cba0f8a5b1c9725146049322c24996a068a9"
    "0c20c27e8cb2e7";
// salt of the digest's length
inline constexpr std::string_view kRsaPssSignature =
    "b52263966522d6d1cc88cd9447b49d0378d683fea966cdaf51e51e0a842bde7816953bef2a9bf720a7094922eea53460"
    "d67be6ab7057618c6dcbea5b94e18d70e088cf5498a5b68ec51cf4cac22d9ff0c493c224222067be02f9137d64ab46b7"
    "7a56316b7f179479b9b507fbee8e72155d57282746b6759906802b791b2ab1905ad080e3107c53f103498dffa38a1dad"
    "e6f27356cd1103406e4515b5ca34dc85b1d5f370866c1320af19387d74b490f2a2d3e1a3630f80953bdcb6d00d699da8"
    "5225f660f9159931d4faf24720ef02ae7626c270b5b8c17c9b5cadf039ed157a6fe8ec12592f77196bd5e49735038ed4"
    "0bd8cb29607be4a0f8386b57f800b982";
// the longest salt
inline constexpr std::string_view kRsaPssMaxSaltSignature =
    "1b37870005fd16fab597633969c83db39f206d80ae7c78116ec16fe1012b0b9ac7d22608b7d6c91a382ea64c88cd063d"
    "0af40a9e693b9911d1bc3d69ec5593ae2e1fc5393b35817b2045b74798178f6b1f1eaa760adbd8cb89f8d67bf1e25632"
    "5dd466518b42c387b745a85a98597037242c287d414bfaab4676e0346858bb87417c38921bf3da8d983aa4a45066d631"
    "020425a48b96ee02c3b5faad7b2b46932a588363743742b80a80e54c70a9b02e52d0d56cefc4927b9e9ef97a2ac0f64f"
    "140cf14e62dc98e5945ce95e4b33c83aeefb158ff04e5744466dca8d07326f19d0aa35a37b0a42dc558793e971e14140"
    "0ced358efe7f1cd5ce8b1d1e6a9b3b23";
// PKCS #1 v1.5: must not verify
inline constexpr std::string_view kRsaPkcs1Signature =
    "61369ebb5061a3958cf9d2e934fb84ccdc11e341dfbd78082d48166a289ae3f572f0aadb5e2d550acd0a2f6753228635"
    "b45faa2da9ac5789ef38632579af6a504c0ff56b42170583fd510c1c7bde2e372cdfc1817169033b8867d717c2827db9"
    "9483cb71fff2865f3d1e681c2d570160b5fe7b73ccc57cecd720a59c60f677319f2001b90ae8ef2ec740b8448cf8d05b"
    "f4e765599f40248447e7db3df5243db192bbdd939ea0f4ded8a685bfb61128044cd432c2263a7fe83e67aefe36210601"
    "ba0dd5dabfc9ed4fb291c95d609e4a2ccfb199a1e47355b2d055f723f33921ceac33d4abdde3de7cd9f4e39a97e184b5"
    "d02a5dcbbe65d110cf630d2095758db5";
inline constexpr std::string_view kRsa1024Signature =
    "1a3dc033591e270233bf6a01922fab3b9e070d52beda7aaec06ee1bc98ecf1329278a33df01a40c1540c8979a5e8c022"
    "29a05708823ebc74215d71b2127eda0c806c4befdfa4bdf4323a085ffe89210097f14bab2896ca364aa8424e1e832bbb"
    "f0bc3703e0872216de85999d21a67b3a3bfde5954f3bdcb862e82062fe82adb7";

}  // namespace homepatch::vectors
