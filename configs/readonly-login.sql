-- Creates a SQL Server login for jobmon-db that can read the tables of Deployment Server which jobmon-db uses, and
-- nothing else. For SQL Server 2005 and later. Running it again changes nothing that is already right.
--
-- How to run it, as a member of sysadmin:
--   1. Put a password between the quotes below, and keep it for source.dsn.
--   2. Run it IN the Deployment Server database (by default eXpress), not in master:
--      in Management Studio choose the database in the toolbar; with sqlcmd:  sqlcmd -S SERVER -d eXpress -E -i readonly-login.sql
--   3. Forget the password in this file.
--
-- The server must allow SQL Server logins ("SQL Server and Windows Authentication mode" in its security properties).
-- For a Windows account, write its name instead of jobmon-db everywhere below ([DOMAIN\account], a machine account
-- ends in $) and replace the EXEC by:  CREATE LOGIN [DOMAIN\account] FROM WINDOWS
--
-- jobmon-db creates nothing in this database. Every login can also do what the role "public" may do there; whoever
-- gave that role rights in this database gave them to this login too.

DECLARE @password nvarchar(100);
SET @password = N'';

DECLARE @create nvarchar(1000);

IF OBJECT_ID(N'dbo.event_schedule') IS NULL OR OBJECT_ID(N'dbo.event') IS NULL OR OBJECT_ID(N'dbo.computer') IS NULL
BEGIN
    RAISERROR (N'This is not the Deployment Server database: choose it (by default eXpress) and run the script there. Nothing was changed.', 16, 1);
    RETURN;
END;

-- The login, for the whole server.
IF NOT EXISTS (SELECT * FROM sys.server_principals WHERE name = N'jobmon-db')
BEGIN
    IF @password = N''
    BEGIN
        RAISERROR (N'Put a password between the quotes at the top of the script. Nothing was changed.', 16, 1);
        RETURN;
    END;
    -- A password in a statement cannot be a variable; QUOTENAME makes a constant of it.
    SET @create = N'CREATE LOGIN [jobmon-db] WITH PASSWORD = ' + QUOTENAME(@password, '''') + N', DEFAULT_DATABASE = ' + QUOTENAME(DB_NAME());
    EXEC (@create);
END;

-- The user of that login in this database; it is in no role but public.
IF NOT EXISTS (SELECT * FROM sys.database_principals WHERE name = N'jobmon-db')
    CREATE USER [jobmon-db] FOR LOGIN [jobmon-db];

-- What jobmon-db cannot work without.
GRANT SELECT ON dbo.event_schedule TO [jobmon-db]; -- the schedule: one row per job per computer
GRANT SELECT ON dbo.event TO [jobmon-db];          -- names of the jobs
GRANT SELECT ON dbo.computer TO [jobmon-db];       -- names of the computers

-- What it uses where it is there. Leave out what it shall not see: it is then shown as unknown.
IF OBJECT_ID(N'dbo.event_folder') IS NOT NULL
    GRANT SELECT ON dbo.event_folder TO [jobmon-db];   -- folders of the jobs
IF OBJECT_ID(N'dbo.computer_group') IS NOT NULL
    GRANT SELECT ON dbo.computer_group TO [jobmon-db]; -- groups of the computers
IF OBJECT_ID(N'dbo.sessions') IS NOT NULL
    GRANT SELECT ON dbo.sessions TO [jobmon-db];       -- which agents are connected

-- To take everything back:  DROP USER [jobmon-db]  here, then  DROP LOGIN [jobmon-db].
