/* messages: texts that several operations answer with. */
#pragma once

#define MESSAGE_NO_RESOURCE "Requested resource not found"
#define MESSAGE_TOO_LARGE   "Item size has exceeded the maximum allowed size"
#define MESSAGE_DUPLICATES  "Provided list of item keys contains duplicates"
#define MESSAGE_INVALID     "One or more parameter values were invalid: "
#define MESSAGE_SORT_KEY_TOO_LARGE \
    MESSAGE_INVALID "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"

#define MESSAGE_NUMBER_OVERFLOW \
    "Number overflow. Attempting to store a number with magnitude larger than supported range"
#define MESSAGE_NUMBER_UNDERFLOW \
    "Number underflow. Attempting to store a number with magnitude smaller than supported range"

#define MESSAGE_UPDATE_TYPE "An operand in the update expression has an incorrect data type"
#define MESSAGE_UPDATE_PATH \
    "The document path provided in the update expression is invalid for update"
#define MESSAGE_UPDATE_NO_ATTRIBUTE \
    "The provided expression refers to an attribute that does not exist in the item"
#define MESSAGE_UPDATE_TOO_LARGE "Item size to update has exceeded the maximum allowed size"
#define MESSAGE_TOO_DEEP         "Nesting Levels have exceeded supported limits"

#define MESSAGE_NO_OPERATION "The operation %s is not supported yet"

/* Tables. */
#define MESSAGE_NO_TABLE     "Table not found: "
#define MESSAGE_TTL_ENABLED  "TimeToLive is already enabled"
#define MESSAGE_TTL_DISABLED "TimeToLive is already disabled"
#define MESSAGE_TTL_OTHER \
    "TimeToLive is active on a different AttributeName: current AttributeName is "
#define MESSAGE_TTL_CHANGING "Time to live has been modified multiple times within a fixed interval"
