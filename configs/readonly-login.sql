-- Creates a SQL Server login for jobmon-db that can read the tables of Deployment Server which jobmon-db uses, and
-- nothing else. For SQL Server 2005 and later. Running it again changes nothing that is already right; after DS was
-- updated, or its database restored on another server, it adds what is missing.
--
-- How to run it, as a member of sysadmin:
--   1. Put a password between the quotes below, and keep it for source.password or source.dsn.
--      For a Windows account (of the service, or of its computer: DOMAIN\COMPUTER$) write its name instead of jobmon-db,
--      and no password.
--   2. Run it IN the Deployment Server database (by default eXpress), not in master:
--      in Management Studio choose the database in the toolbar; with sqlcmd:  sqlcmd -S SERVER -d eXpress -E -i readonly-login.sql
--   3. Forget the password in this file.
--
-- With a password the server must allow SQL Server logins ("SQL Server and Windows Authentication mode" in its security
-- properties). A login that is there keeps its password.
--
-- jobmon-db creates nothing in this database. Every login can also do what the role "public" may do there; anyone who
-- gave that role rights in this database gave them to this login too. "jobmon-db check" tells what the login can do
-- beyond reading.

DECLARE @login sysname, @password nvarchar(128);
SET @login = N'jobmon-db';
SET @password = N'';

DECLARE @name nvarchar(258), @create nvarchar(1000);
SET @name = QUOTENAME(@login);

IF OBJECT_ID(N'dbo.event_schedule') IS NULL OR OBJECT_ID(N'dbo.event') IS NULL OR OBJECT_ID(N'dbo.computer') IS NULL
BEGIN
    RAISERROR (N'This is not the Deployment Server database: choose it (by default eXpress) and run the script there. Nothing was changed.', 16, 1);
    RETURN;
END;

-- The login, for the whole server. Names of Windows accounts have a backslash.
IF NOT EXISTS (SELECT * FROM sys.server_principals WHERE name = @login)
BEGIN
    SET @create = N'CREATE LOGIN ' + @name + N' FROM WINDOWS WITH DEFAULT_DATABASE = ' + QUOTENAME(DB_NAME());
    IF CHARINDEX(N'\', @login) = 0
    BEGIN
        IF @password = N''
        BEGIN
            RAISERROR (N'Put a password between the quotes at the top of the script. Nothing was changed.', 16, 1);
            RETURN;
        END;
        -- A password in a statement cannot be a variable; QUOTENAME makes a constant of it.
        SET @create = N'CREATE LOGIN ' + @name + N' WITH PASSWORD = N' + QUOTENAME(@password, '''') + N', DEFAULT_DATABASE = ' + QUOTENAME(DB_NAME());
    END;
    EXEC (@create);
END;

-- The user of that login in this database; it is in no role but public.
IF NOT EXISTS (SELECT * FROM sys.database_principals WHERE name = @login)
    EXEC (N'CREATE USER ' + @name + N' FOR LOGIN ' + @name);
-- One that came along with the database from another server belongs to no login here.
ELSE IF EXISTS (SELECT * FROM sys.database_principals WHERE name = @login AND sid <> SUSER_SID(@login))
    EXEC (N'ALTER USER ' + @name + N' WITH LOGIN = ' + @name);

-- What jobmon-db cannot work without.
EXEC (N'GRANT SELECT ON dbo.event_schedule TO ' + @name); -- the schedule: one row per job per computer
EXEC (N'GRANT SELECT ON dbo.event TO ' + @name);          -- names of the jobs
EXEC (N'GRANT SELECT ON dbo.computer TO ' + @name);       -- names of the computers

-- What it uses where it is there. Leave out what it shall not see: it is then shown as unknown.
IF OBJECT_ID(N'dbo.event_folder') IS NOT NULL
    EXEC (N'GRANT SELECT ON dbo.event_folder TO ' + @name);   -- folders of the jobs
IF OBJECT_ID(N'dbo.computer_group') IS NOT NULL
    EXEC (N'GRANT SELECT ON dbo.computer_group TO ' + @name); -- groups of the computers
IF OBJECT_ID(N'dbo.sessions') IS NOT NULL
    EXEC (N'GRANT SELECT ON dbo.sessions TO ' + @name);       -- which agents are connected

-- To take everything back:  DROP USER [jobmon-db]  here, then  DROP LOGIN [jobmon-db].
