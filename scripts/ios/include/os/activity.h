/* tracing-oslog includes it; what it uses of it, it declares itself. */
#pragma once
