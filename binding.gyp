# The add-on as npm builds it (scripts/build-native.mjs). CMakeLists.txt builds the same sources for the sanitizers.
# No -march: the hot functions choose by the running CPU.
{
  'targets': [
    {
      'target_name': 'millrace',
      'sources': [
        'native/acceptor.cc',
        'native/addon.cc',
        'native/address.cc',
        'native/affinity.cc',
        'native/batch.cc',
        'native/border.cc',
        'native/crc32c.cc',
        'native/disk_queue.cc',
        'native/file_sender.cc',
        'native/frame_input.cc',
        'native/output_queue.cc',
        'native/reactor.cc',
        'native/reactor_connections.cc',
        'native/receive_window.cc',
        'native/vigil.cc',
      ],
      'include_dirs': ["<!(node -p \"require('node-addon-api').include_dir\")"],
      # The last: what cannot be thrown into a worker that is being terminated is dropped, not fatal.
      'defines': [
        'NAPI_VERSION=9',
        'NODE_ADDON_API_DISABLE_DEPRECATED',
        'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS',
        'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      ],
      'cflags': ['-Wall', '-Wextra', '-Werror', '-Wno-cast-function-type', '-fvisibility=hidden'],
      'cflags_cc': ['-std=c++20'],
      'configurations': {'Release': {'cflags': ['-O3']}},
    },
  ],
}
