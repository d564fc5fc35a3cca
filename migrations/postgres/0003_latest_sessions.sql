-- The latest of one's sessions stand in their index in order: nothing is sorted to find them. A migration of its own for each table:
-- one with locks on both, and a sign-in that takes them in the other order, would wait for each other. DROP comes first, because it
-- needs the stronger lock.
DROP INDEX sessions_user;
CREATE INDEX sessions_latest ON sessions (user_id, created_at);
