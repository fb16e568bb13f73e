/*
** Lets one thread stop the statement that another one is running: sqlite3_interrupt() is the call of SQLite that may come from another
** thread, and no driver for Node.js offers it. https://www.sqlite.org/c3ref/interrupt.html
**
** A connection that may be interrupted loads this extension by its usual entry point. Its handle gets a slot, and the SQL function
** offloop_interrupt_token() tells which; the slot is emptied when the connection closes. To interrupt is a function of a connection that
** loads the extension by sqlite3_offloopcontrol_init: a private one, on which nobody's SQL runs.
*/
#include <stdatomic.h>
#include "sqlite3ext.h"

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT
#endif

#define SLOTS 4096
#define FLAGS (SQLITE_UTF8 | SQLITE_DIRECTONLY)

typedef struct Slot {
  sqlite3 *db;
  /* Of the SQLite that made the handle. */
  const sqlite3_api_routines *api;
  /* Never the same twice: an old token finds another one in its slot, or none. */
  sqlite3_int64 token;
} Slot;

static Slot slots[SLOTS];
static sqlite3_int64 last_token = 0;
static atomic_flag locked = ATOMIC_FLAG_INIT;

/*
** A process may have two copies of SQLite (better-sqlite3's and Node.js' own), so their routines cannot be kept once for all as
** sqlite3ext.h does. A thread's connections are all of one copy.
*/
static _Thread_local const sqlite3_api_routines *sqlite;

/* Held for a few instructions. A mutex of SQLite's would be that of one copy of it. */
static void lock(void) { while (atomic_flag_test_and_set_explicit(&locked, memory_order_acquire)) {} }
static void unlock(void) { atomic_flag_clear_explicit(&locked, memory_order_release); }

static Slot *take_slot(sqlite3 *db) {
  Slot *taken = 0;
  int tries;
  lock();
  for (tries = 0; tries < SLOTS && taken == 0; tries++) {
    Slot *slot = &slots[++last_token % SLOTS];
    if (slot->db != 0) continue;
    slot->db = db;
    slot->api = sqlite;
    slot->token = last_token;
    taken = slot;
  }
  unlock();
  return taken;
}

/* SQLite calls it while it closes the connection, before the handle is freed. */
static void leave_slot(void *slot) {
  lock();
  ((Slot *)slot)->db = 0;
  ((Slot *)slot)->token = 0;
  unlock();
}

static void tell_token(sqlite3_context *context, int argc, sqlite3_value **argv) {
  (void)argc;
  (void)argv;
  sqlite->result_int64(context, ((Slot *)sqlite->user_data(context))->token);
}

/* 1 when there was a connection to interrupt, 0 when it has closed. */
static void interrupt(sqlite3_context *context, int argc, sqlite3_value **argv) {
  sqlite3_int64 token = sqlite->value_int64(argv[0]);
  int found = 0;
  (void)argc;
  if (token > 0) {
    Slot *slot = &slots[token % SLOTS];
    lock();
    found = slot->token == token;
    /* Under the lock: the handle cannot be closed meanwhile. */
    if (found) slot->api->interruptx(slot->db);
    unlock();
  }
  sqlite->result_int64(context, found);
}

/* The name that SQLite looks for first, whatever the file is called. */
EXPORT int sqlite3_extension_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
  Slot *slot;
  (void)error;
  sqlite = api;
  slot = take_slot(db);
  if (slot == 0) return SQLITE_FULL;
  /* If it fails, SQLite calls leave_slot all the same. */
  return api->create_function_v2(db, "offloop_interrupt_token", 0, FLAGS, slot, tell_token, 0, 0, leave_slot);
}

EXPORT int sqlite3_offloopcontrol_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
  (void)error;
  sqlite = api;
  return api->create_function_v2(db, "offloop_interrupt", 1, FLAGS, 0, interrupt, 0, 0, 0);
}
