// Every limit of the program, with its unit. A limit that is reached gives ErrorKind::limit and names itself.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wright::limits {

inline constexpr std::size_t kTokensPerPage = 64;                      // tokens a KV page holds
inline constexpr std::size_t kGgufKeyBytes = 65535;                    // one metadata key
inline constexpr std::size_t kGgufStringBytes = 64 * 1024 * 1024;      // one metadata string
inline constexpr std::size_t kTensorNameBytes = 1024;                  // one tensor's name
inline constexpr std::uint64_t kTensorElements = std::uint64_t{1} << 44;  // elements of one tensor
inline constexpr std::size_t kSafetensorsHeaderBytes = 256 * 1024 * 1024;  // header or index of a checkpoint
inline constexpr std::size_t kModelConfigBytes = 16 * 1024 * 1024;     // config.json of a model
inline constexpr std::size_t kReferenceWeightBytes = std::size_t{4} << 30;  // f32 weights that the interpreter keeps
inline constexpr int kReferenceRows = 512;                             // rows of one pass of the interpreter
inline constexpr std::size_t kEngineQueue = 256;                       // waiting engine requests
inline constexpr std::size_t kEventQueue = 4096;                       // undelivered events a reader
inline constexpr std::size_t kOpenSessions = 256;                      // sessions live at once
inline constexpr int kAgentSteps = 100;                                // model calls a task
inline constexpr int kRepeatedFailures = 5;                            // equal failures in a row that end a task
inline constexpr std::size_t kToolOutputBytes = 64 * 1024;             // what a tool may hand to the model
inline constexpr std::size_t kCommandOutputBytes = 1024 * 1024;        // kept of a command's output
inline constexpr std::size_t kCommandShownBytes = 24 * 1024;           // of a command's output, shown to the model
inline constexpr std::int64_t kCommandTimeoutMs = 120'000;             // a command unless the call says otherwise
inline constexpr std::int64_t kCommandTimeoutMostMs = 3'600'000;       // the most that a call may ask for
inline constexpr std::size_t kReadFileBytes = 10 * 1024 * 1024;        // largest file that a tool reads
inline constexpr std::size_t kReadLineBytes = 2000;                    // shown of one line by read_file
inline constexpr int kReadLines = 2000;                                // lines read_file shows unless told
inline constexpr std::size_t kPatchBytes = 8 * 1024 * 1024;            // largest patch
inline constexpr std::size_t kJsonDepth = 128;                         // nesting of foreign JSON
inline constexpr std::size_t kRequestBodyBytes = 32 * 1024 * 1024;     // HTTP request body
inline constexpr std::size_t kRequestHeadBytes = 32 * 1024;            // HTTP request line and headers
inline constexpr std::size_t kClientBufferBytes = 1024 * 1024;         // unsent bytes of one HTTP client
inline constexpr std::size_t kHandlerThreads = 64;                     // HTTP requests handled at once
inline constexpr std::size_t kConnections = 1024;                      // open HTTP connections
inline constexpr std::int64_t kRequestReadMs = 20'000;                 // a request's head and body arriving
inline constexpr std::int64_t kKeepAliveMs = 60'000;                   // an idle HTTP connection
inline constexpr std::int64_t kClientStallMs = 30'000;                 // a client that takes no bytes
inline constexpr std::size_t kRpcMessageBytes = 64 * 1024 * 1024;      // one JSON-RPC message
inline constexpr std::size_t kCheckpointFileBytes = 32 * 1024 * 1024;  // largest ignored file in a checkpoint
inline constexpr std::size_t kWalkFiles = 500'000;                     // entries of one walk over a workspace
inline constexpr std::size_t kListEntries = 2'000;                      // entries that list_dir shows
inline constexpr std::size_t kOpenIndexes = 8;                         // symbol indexes kept in memory
inline constexpr std::size_t kIndexFileBytes = 2 * 1024 * 1024;        // largest file that is parsed for symbols
inline constexpr std::int64_t kParseMs = 2'000;                        // parsing one file
inline constexpr std::size_t kSchemaBytes = 1024 * 1024;               // JSON Schema for constrained decoding
inline constexpr std::size_t kTemplateSteps = 2'000'000;               // steps of one template rendering
inline constexpr std::size_t kTemplateOutputBytes = 64 * 1024 * 1024;  // output of one template rendering
inline constexpr std::int64_t kDeltaCoalesceMs = 50;                   // deltas joined before they are stored

}  // namespace wright::limits
