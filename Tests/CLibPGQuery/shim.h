// libpg_query as its own header declares it, for tests to compare with.
#include <pg_query.h>
