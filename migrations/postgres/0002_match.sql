-- Sign-in across devices (auth.same_browser = "match"): the number that the waiting window shows, and
-- when it was typed where the link was opened. No number: no window of ours waits, or the policy was
-- another.
ALTER TABLE latchkey_auth_requests ADD COLUMN match_number BIGINT;
ALTER TABLE latchkey_auth_requests ADD COLUMN matched_at BIGINT;
