/* RopLogon (MS-OXCSTOR 2.2.1.1, 3.2.5.1). Which mailbox it is and whether the user may open it was settled before the strand
 * was chosen (logon_target.c); here the logon is made. */
#include <stdlib.h>
#include <time.h>

#include "rop/handlers.h"

/* Seconds since the epoch to the eight bytes of LogonTime (2.2.1.1.3), UTC. */
static struct logon_time logon_time_of(time_t seconds)
{
    struct tm utc;
    gmtime_r(&seconds, &utc);
    return (struct logon_time){
        .seconds = (uint8_t)utc.tm_sec,
        .minutes = (uint8_t)utc.tm_min,
        .hour = (uint8_t)utc.tm_hour,
        .day_of_week = (uint8_t)utc.tm_wday,
        .day = (uint8_t)utc.tm_mday,
        .month = (uint8_t)(utc.tm_mon + 1),
        .year = (uint16_t)(utc.tm_year + 1900),
    };
}

static void describe(const struct rop_logon_request *request, const struct logon_data *data,
    struct rop_logon_success *answer)
{
    answer->logon_flags =
        request->logon_flags & (LOGON_FLAGS_PRIVATE | LOGON_FLAGS_UNDERCOVER | LOGON_FLAGS_GHOSTED); /* R118, R146 */
    for (int i = 0; i < SPECIAL_FOLDER_LOGON_COUNT; i++)
        answer->folder_ids[i] = id_to_wire(data->folder_ids[i]);
    answer->response_flags = data->response_flags;
    answer->mailbox_guid = data->mailbox_guid;
    answer->repl_id = data->replid;
    answer->repl_guid = data->replica_guid;
    answer->logon_time = logon_time_of(time(NULL));
    answer->gwart_time = data->gwart_time;
    answer->store_state = data->store_state;
}

uint32_t rop_logon(struct rop_call *call)
{
    const struct rop_logon_request *request = call->request;
    struct rop_logon *logon = call->rop_logon;
    struct rop_logon_success *answer = rop_call_answer(call, struct rop_logon_success);
    if (!answer)
        return EC_OUT_OF_MEMORY;
    struct logon_data data;
    uint32_t error = mailbox_logon_data(call->logon->mailbox, logon->rights.owner, logon->rights.send_as, &data);
    if (error)
        return error;
    error = rop_call_open(call, ROP_OBJECT_LOGON, &logon->object);
    if (error)
        return error;
    logon->logon_flags = request->logon_flags;
    logon->open_flags = request->open_flags;
    describe(request, &data, answer);
    return 0;
}
