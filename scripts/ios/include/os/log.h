/* The part of Apple's <os/log.h> that tracing-oslog's C file uses: enough to compile it on Linux
 * and to see in the archive that it calls os_log. Releases are built against Xcode's own. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct os_log_s *os_log_t;
typedef uint8_t os_log_type_t;

extern struct os_log_s _os_log_default;
#define OS_LOG_DEFAULT (&_os_log_default)
extern void *__dso_handle;

void _os_log_impl(void *dso, os_log_t log, os_log_type_t type, const char *format, uint8_t *buf,
                  uint32_t size);

#define os_log_with_type(log, type, fmt, ...)                                                   \
  do {                                                                                          \
    static const char _f[] __attribute__((section("__TEXT,__oslogstring,cstring_literals"))) = \
        fmt;                                                                                    \
    uint8_t _b[__builtin_os_log_format_buffer_size(fmt, ##__VA_ARGS__)];                        \
    _os_log_impl(&__dso_handle, log, type, _f,                                                  \
                 (uint8_t *)__builtin_os_log_format(_b, fmt, ##__VA_ARGS__),                    \
                 (uint32_t)sizeof(_b));                                                         \
  } while (0)
