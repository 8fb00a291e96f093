// What one layer keeps per token or per sequence between passes. The model file declares it, the backend allocates it,
// engine/run budgets it.
#pragma once

namespace wright::engine {

struct CacheSpec {
  enum class Kind {
    full,       // K and V of every token
    window,     // K and V; only the last `window` tokens are read (pages before may be dropped)
    latent,     // MLA: one latent row and one rope row a token (key_dim + value_dim = latent, rope)
    indexer,    // DSA's key row a token (key_dim)
    recurrent,  // a state of fixed size a sequence, no pages (state_floats)
  };
  Kind kind = Kind::full;
  int layer = 0;
  int kv_heads = 0;
  int key_dim = 0;       // per head
  int value_dim = 0;     // per head
  int window = 0;        // tokens, for Kind::window
  int state_floats = 0;  // f32 values a sequence, for Kind::recurrent
};

}  // namespace wright::engine
